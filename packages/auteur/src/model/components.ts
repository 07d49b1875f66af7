import {
  Denoiser,
  Editor,
  flattenPlugins,
  Guidance,
  Inversion,
  type LatentSpace,
  type ModelError,
  type PluginEntry,
  type PluginError,
  RequestError,
  Sampler,
  TextEncoder,
  VideoReader,
  VideoVae,
  VideoWriter,
} from "@auteur/core"
import { Engine } from "@auteur/engine"
import { flowEditLayer } from "@auteur/flowdirector"
import { videoReaderLayer, videoWriterLayer } from "@auteur/media"
import { guidanceNames, inversionLayer, inversionNames, samplerNames } from "@auteur/samplers"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { chooseComponent, type Composed, unusedNotice } from "../plugins/choose-component.ts"
import type { PluginReport } from "../plugins/plugin-report.ts"
import { keepRecent } from "./keep-recent.ts"
import { guidanceOf, latentSpace, type ModelFiles, type ModelOptions, samplerOf } from "./load-model.ts"
import { type LoadedLora, loadLora } from "./lora.ts"
import { machineLayer } from "./machine.ts"
import { cacheOf } from "./transformer-cache.ts"

/** The components that a request is made with. */
export interface ComponentOptions extends Omit<ModelOptions, "sampler" | "guidanceMethod"> {
  /** By name, or a sampler itself. A named one is used even where a plugin provides another. */
  readonly sampler?: string | Sampler["Service"] | undefined
  /** By name, or a guidance method itself. A named one is used even where a plugin provides another. */
  readonly guidanceMethod?: string | Guidance["Service"] | undefined
  /** By name, or an inversion itself; default `flow-heun`. A named one is used even where a plugin provides another. */
  readonly inversion?: string | Inversion["Service"] | undefined
}

/** The services that a request is run with. */
export type Components =
  | TextEncoder
  | Denoiser
  | VideoVae
  | Sampler
  | Guidance
  | Inversion
  | Editor
  | VideoReader
  | VideoWriter

/** The components of one request, put together. */
export interface SelectedComponents {
  readonly components: Context.Context<Components>
  /** The choices that led to them: those of the request, and the defaults. */
  readonly options: ComponentOptions
  readonly loras: ReadonlyArray<LoadedLora>
  readonly plugins: ReadonlyArray<PluginReport>
  /** A sentence for a person, where a plugin's component is not used because another was named. */
  readonly notice: string | undefined
}

/** Puts the components of a request together, which are held until the scope closes. */
export type SelectComponents = (
  options: ComponentOptions,
) => Effect.Effect<SelectedComponents, ModelError | RequestError | PluginError, Scope.Scope>

/** Networks with different LoRA files or caches that are kept at a time; each has sessions of its own. */
const keptNetworks = 4

/**
 * The components of an open model. Text encoders, networks and VAEs are made when a request first needs them and shared by those that
 * ask for the same; those used longest ago are closed first. Samplers and guidance methods are values that cost nothing.
 */
export const makeComponents: (
  files: ModelFiles,
  defaults: ComponentOptions,
  entry: PluginEntry,
) => Effect.Effect<SelectComponents, ModelError | RequestError | PluginError, Engine | Scope.Scope> = Effect.fnUntraced(
  function* (files, defaults, entry) {
    const engine = Context.make(Engine, yield* Engine)
    const plugins = yield* Effect.try({ try: () => flattenPlugins(entry), catch: (thrown) => thrown as PluginError })
    const fixed = yield* Layer.build(
      Layer.mergeAll(
        Layer.effect(
          Sampler,
          defaultOf(defaults.sampler, samplerNames, plugins, (name) => samplerOf(files.folder, name)),
        ),
        Layer.effect(Guidance, defaultOf(defaults.guidanceMethod, guidanceNames, plugins, guidanceOf)),
        Layer.effect(Inversion, defaultOf(defaults.inversion, inversionNames, plugins, inversionOf)),
        flowEditLayer(),
        videoReaderLayer,
        videoWriterLayer,
        machineLayer,
      ),
    )
    const texts = yield* keepRecent<Context.Context<TextEncoder>, ModelError>(2)
    const vaes = yield* keepRecent<Context.Context<VideoVae | LatentSpace<typeof latentSpace>>, ModelError>(2)
    const networks = yield* keepRecent<Context.Context<Denoiser>, ModelError>(keptNetworks)
    const composed = yield* keepRecent<Composed<Components | Engine>, ModelError | PluginError>(keptNetworks)
    const build = <A, R>(layer: Layer.Layer<A, ModelError, R>, context: Context.Context<R>) =>
      Effect.provideContext(Layer.build(layer), context)

    return Effect.fnUntraced(function* (request) {
      const options = withDefaults(request, defaults)
      const { maxSequenceLength = files.maxSequenceLength, tiling = false, vaeWorkers = 1 } = options
      const loras = yield* Effect.forEach(options.lora ?? [], loadLora)
      const cache = yield* Effect.try({
        try: () => cacheOf(options, files.transformer),
        catch: (thrown) => thrown as RequestError,
      })
      const vaeKey = `${tiling} ${vaeWorkers}`
      const networkKey = JSON.stringify([loras.map(({ key }) => key), cache === undefined ? "" : identityOf(cache)])
      const network = files.denoiser(loras, cache)

      const base = Effect.gen(function* () {
        const text = yield* texts(String(maxSequenceLength), build(files.textEncoder(maxSequenceLength), engine))
        const vae = yield* vaes(vaeKey, build(files.vae({ tiling, vaeWorkers }), engine))
        const denoiser = yield* networks(networkKey, build(network, Context.merge(engine, vae)))
        return Context.mergeAll(engine, fixed, text, vae, denoiser)
      })
      const model: Composed<Components | Engine> =
        plugins.length === 0
          ? { components: yield* base, reports: [], provided: [] }
          : yield* composed(
              `${maxSequenceLength} ${vaeKey} ${networkKey}`,
              Effect.gen(function* () {
                // Loaded where there are plugins only: most starts have none.
                const { composePlugins } = yield* Effect.promise(() => import("../plugins/compose.ts"))
                return yield* composePlugins(
                  {
                    components: yield* base,
                    model: files.folder.name,
                    space: latentSpace,
                    denoiser: (components) =>
                      Effect.provideContext(Layer.build(network as Layer.Layer<Denoiser, ModelError>), components),
                  },
                  plugins,
                )
              }),
            )
      const sampler = yield* chooseComponent(Sampler, model, options.sampler, (name) => samplerOf(files.folder, name))
      const guidance = yield* chooseComponent(Guidance, model, options.guidanceMethod, guidanceOf)
      const inversion = yield* chooseComponent(Inversion, model, options.inversion, inversionOf)
      const selected: SelectedComponents = {
        components: model.components.pipe(
          Context.add(Sampler, sampler),
          Context.add(Guidance, guidance),
          Context.add(Inversion, inversion),
        ),
        options,
        loras,
        plugins: model.reports,
        notice: unusedNotice(model.reports, {
          sampler: sampler.name,
          guidance: guidance.name,
          inversion: inversion.name,
        }),
      }
      return selected
    })
  },
)

/** The request's options over the defaults; a named cache comes with its own threshold. */
const withDefaults = (request: ComponentOptions, defaults: ComponentOptions): ComponentOptions => {
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined))
  const { cacheThreshold: _threshold, ...others } = defaults
  return { ...(request.cache === undefined ? defaults : others), ...given }
}

/** The component that plugins build on: the one of the options, unless that is the name of a plugin's. */
const defaultOf = <Shape extends object, E>(
  choice: string | Shape | undefined,
  builtIn: ReadonlyArray<string>,
  plugins: ReadonlyArray<unknown>,
  named: (name?: string) => Effect.Effect<Shape, E>,
): Effect.Effect<Shape, E> => {
  if (typeof choice === "object") return Effect.succeed(choice)
  return named(plugins.length > 0 && choice !== undefined && !builtIn.includes(choice) ? undefined : choice)
}

const inversionOf = (name = "flow-heun"): Effect.Effect<Inversion["Service"], RequestError> =>
  Effect.scoped(Effect.map(Layer.build(inversionLayer(name)), (context) => Context.get(context, Inversion)))

const identities = new WeakMap<object, number>()
let identityCount = 0

/** A number for a value that is not made of data alone, the same for the same value. */
const identityOf = (value: object): number => {
  const known = identities.get(value) ?? ++identityCount
  identities.set(value, known)
  return known
}
