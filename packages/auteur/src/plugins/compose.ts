import { type AnyPlugin, Denoiser, latentSpaces, type LatentSpaceShape, PluginError, VideoVae } from "@auteur/core"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import type { Composed } from "./choose-component.ts"
import { checkServices, componentKinds } from "./component-kinds.ts"
import type { LoadedPlugin } from "./config.ts"
import { reportsOf } from "./plugin-report.ts"

/** The model under the plugins. */
export interface PluginBase<Components, E> {
  /** Its components, and whatever else plugins may require. */
  readonly components: Context.Context<Components>
  readonly model: string
  /** The latent space that its network requires. */
  readonly space: string
  /** Builds its network over another VAE. */
  readonly denoiser: (components: Context.Context<never>) => Effect.Effect<Context.Context<Denoiser>, E, Scope.Scope>
}

/** A plugin whose layer is built. */
interface BuiltPlugin {
  readonly plugin: LoadedPlugin
  /** The services that it provides, by their keys. */
  readonly services: ReadonlyMap<string, unknown>
  /** The number of the build, which tells what was built before what. */
  readonly turn: number
  readonly scope: Scope.Closeable
}

/**
 * Puts plugins on a model. Each is built over the model's components and those of the plugins that are built already; one that requires
 * what another provides waits for it. Where two provide the same, the later in the list is used.
 *
 * A plugin's VAE replaces the model's together with its latent space, and the network has to be one for that space: the model's own is
 * built again over it, or a plugin brings one.
 */
export const composePlugins: <Components, E>(
  base: PluginBase<Components, E>,
  plugins: ReadonlyArray<LoadedPlugin>,
) => Effect.Effect<Composed<Components>, PluginError | E, Scope.Scope> = Effect.fnUntraced(function* <Components, E>(
  base: PluginBase<Components, E>,
  plugins: ReadonlyArray<LoadedPlugin>,
) {
  const scope = yield* Effect.scope
  const built: Array<BuiltPlugin | undefined> = plugins.map(() => undefined)
  let turn = 0

  /** Builds a plugin over what is built so far; gives the cause where that fails. */
  const build = Effect.fnUntraced(function* (index: number) {
    const plugin = plugins[index]!
    const own = yield* Scope.fork(scope)
    const { components } = yield* assemble(base, built)
    const layer = plugin.layer as Layer.Layer<never, unknown>
    const exit = yield* Effect.provideContext(Layer.build(layer), components).pipe(Scope.provide(own), Effect.exit)
    if (Exit.isSuccess(exit)) {
      built[index] = { plugin, services: yield* checkServices(plugin, exit.value), turn: turn++, scope: own }
      return undefined
    }
    yield* Scope.close(own, exit)
    return exit.cause
  })

  let waiting = [...plugins.keys()]
  while (waiting.length > 0) {
    const next: Array<number> = []
    const missing: Array<PluginError> = []
    for (const index of waiting) {
      const cause = yield* build(index)
      if (cause === undefined) continue
      const lacking = missingService(cause)
      if (lacking === undefined) return yield* failedToBuild(plugins[index]!, cause)
      missing.push(isMissing(plugins[index]!, lacking, base, built))
      next.push(index)
    }
    if (next.length === waiting.length) return yield* missing[0]!
    waiting = next
  }

  // What was built over another VAE than the one that is used in the end has to fit that one too.
  const vae = lastWith(built, VideoVae.key)
  const early = built
    .map((each, index) => ({ each, index }))
    .filter(({ each }) => vae !== undefined && each!.turn < vae.turn && !each!.services.has(VideoVae.key))
    .toSorted((a, b) => a.each!.turn - b.each!.turn)
  for (const { each, index } of early.toReversed()) {
    built[index] = undefined
    yield* Scope.close(each!.scope, Exit.void)
  }
  for (const { index } of early) {
    const plugin = plugins[index]!
    const cause = yield* build(index)
    const lacking = cause === undefined ? undefined : missingService(cause)
    if (lacking !== undefined) return yield* isMissing(plugin, lacking, base, built)
    if (cause !== undefined) return yield* failedToBuild(plugin, cause)
  }

  const { components, mismatch } = yield* assemble(base, built)
  if (mismatch !== undefined) return yield* mismatch
  const all = built as ReadonlyArray<BuiltPlugin>
  return {
    components: components as Context.Context<Components>,
    reports: reportsOf(all),
    provided: all.map(({ services }) => services),
  }
})

/** The components with the plugins that are built so far, and why the network is not among them, where it is not. */
const assemble = Effect.fnUntraced(function* <Components, E>(
  base: PluginBase<Components, E>,
  built: ReadonlyArray<BuiltPlugin | undefined>,
) {
  const services = new Map<string, unknown>(base.components.mapUnsafe)
  for (const each of built) for (const [key, service] of each?.services ?? []) services.set(key, service)
  const vae = lastWith(built, VideoVae.key)
  if (vae === undefined) return { components: contextOf(services), mismatch: undefined }
  for (const key of services.keys()) if (isSpace(key) && !vae.services.has(key)) services.delete(key)
  if (lastWith(built, Denoiser.key) !== undefined) return { components: contextOf(services), mismatch: undefined }

  services.delete(Denoiser.key)
  const spaces = latentSpaces(contextOf(vae.services))
  if (!spaces.some(({ name }) => name === base.space)) {
    const mismatch = new PluginError({
      message: `The VAE of the plugin "${vae.plugin.name}" has the latent space ${quoted(spaces)}, but the network of ${base.model} needs "${base.space}": add a plugin with a network for that space, or leave the VAE out.`,
    })
    return { components: contextOf(services), mismatch }
  }
  const denoiser = yield* base.denoiser(contextOf(services))
  for (const [key, service] of denoiser.mapUnsafe) services.set(key, service)
  return { components: contextOf(services), mismatch: undefined }
})

const contextOf = (services: BuiltPlugin["services"]): Context.Context<never> => Context.makeUnsafe(services)
const spacePrefix = "@auteur/core/LatentSpace/"
const isSpace = (key: string): boolean => key.startsWith(spacePrefix)
const quoted = (spaces: ReadonlyArray<LatentSpaceShape>): string => spaces.map(({ name }) => `"${name}"`).join(", ")
/** The plugin whose service is used. */
const lastWith = (built: ReadonlyArray<BuiltPlugin | undefined>, key: string): BuiltPlugin | undefined =>
  built.findLast((each) => each?.services.has(key))

const missingService = (cause: Cause.Cause<unknown>): string | undefined => {
  const thrown: unknown = Cause.squash(cause)
  return thrown instanceof Error ? /^Service not found: (.+)/.exec(thrown.message)?.[1] : undefined
}

const isMissing = <Components, E>(
  plugin: AnyPlugin,
  key: string,
  { model }: PluginBase<Components, E>,
  built: ReadonlyArray<BuiltPlugin | undefined>,
): PluginError => {
  if (!isSpace(key)) {
    const kind = componentKinds.find((kind) => kind.key === key)
    return new PluginError({
      message: `The plugin "${plugin.name}" requires ${kind === undefined ? `the service "${key}"` : `a ${kind.word}`}, which neither ${model} nor another plugin provides: add the plugin that does.`,
    })
  }
  const space = key.slice(spacePrefix.length)
  const vae = lastWith(built, VideoVae.key)
  const found = vae === undefined ? "" : ` of the plugin "${vae.plugin.name}"`
  const spaces = vae === undefined ? "" : `, which has ${quoted(latentSpaces(contextOf(vae.services)))}`
  return new PluginError({
    message: `The plugin "${plugin.name}" needs the latent space "${space}", but the VAE${found} does not have it${spaces}: add a plugin with a VAE of that space, or leave one of the two out.`,
  })
}

const failedToBuild = (plugin: AnyPlugin, cause: Cause.Cause<unknown>): PluginError => {
  const thrown: unknown = Cause.squash(cause)
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new PluginError({ message: `The plugin "${plugin.name}" cannot be started: ${reason}`, cause: thrown })
}
