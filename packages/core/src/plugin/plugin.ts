import type * as Layer from "effect/Layer"

/** The versions of the plugin interface that this version of auteur can run. */
export const pluginApiVersions: ReadonlyArray<string> = ["v1"]

/**
 * Components from outside: a name, and a layer that provides them.
 *
 * The layer gets the services that it requires from the model that is open, and from other plugins: a sampler may be built over the
 * one of the model.
 */
export interface Plugin<Provides = never, Requires = never, E = never> {
  /** One word, by which messages, records and lists speak of it: its package's name, such as `auteur-plugin-karras`. */
  readonly name: string
  /** The version of this interface that it was written for. */
  readonly apiVersion: "v1"
  readonly layer: Layer.Layer<Provides, E, Requires>
}

/** Any plugin at all. */
export type AnyPlugin = Plugin<never, unknown, unknown>

/** Makes a plugin out of its options, which may be left out where none of them is needed. */
export type PluginFactory<Options, Made> = {} extends Options ? (options?: Options) => Made : (options: Options) => Made

/**
 * Defines a plugin, or a function that makes one (or a preset: several) out of options.
 *
 * @example
 * export const plugin = definePlugin(({ power = 1.5 }: { power?: number }) => ({
 *   name: "auteur-plugin-straight",
 *   apiVersion: "v1",
 *   layer: Layer.succeed(Sampler, straight(power)), // as docs/plugins.md has it
 * }))
 *
 * openModel("emoji-world", { plugins: [plugin()] })
 */
export const definePlugin: {
  <Options extends object, Made extends AnyPlugin | ReadonlyArray<AnyPlugin>>(
    make: (options: Options) => Made,
  ): PluginFactory<Options, Made>
  <Provides, Requires, E>(plugin: Plugin<Provides, Requires, E>): Plugin<Provides, Requires, E>
} = ((given: AnyPlugin | ((options: object) => unknown)): unknown =>
  typeof given === "function" ? (options: object = {}) => given(options) : given) as never
