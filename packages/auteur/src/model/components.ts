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
import { inversionLayer } from "@auteur/samplers"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
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

interface Composed {
  readonly components: Context.Context<Components>
  readonly reports: ReadonlyArray<PluginReport>
}

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
          choose(undefined, defaults.sampler, (name) => samplerOf(files.folder, name)),
        ),
        Layer.effect(Guidance, choose(undefined, defaults.guidanceMethod, guidanceOf)),
        Layer.effect(Inversion, choose(undefined, defaults.inversion, inversionOf)),
        flowEditLayer(),
        videoReaderLayer,
        videoWriterLayer,
        machineLayer,
      ),
    )
    const texts = yield* keepRecent<Context.Context<TextEncoder>, ModelError>(2)
    const vaes = yield* keepRecent<Context.Context<VideoVae | LatentSpace<typeof latentSpace>>, ModelError>(2)
    const networks = yield* keepRecent<Context.Context<Denoiser>, ModelError>(keptNetworks)
    const composed = yield* keepRecent<Composed, ModelError | PluginError>(keptNetworks)
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
      const { components, reports } =
        plugins.length === 0
          ? { components: yield* base, reports: [] }
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
      const sampler = yield* choose(Context.get(components, Sampler), request.sampler, (name) =>
        samplerOf(files.folder, name),
      )
      const guidance = yield* choose(Context.get(components, Guidance), request.guidanceMethod, guidanceOf)
      const inversion = yield* choose(Context.get(components, Inversion), request.inversion, inversionOf)
      const chosen = { sampler: sampler.name, guidance: guidance.name, inversion: inversion.name }
      const selected: SelectedComponents = {
        components: components.pipe(
          Context.add(Sampler, sampler),
          Context.add(Guidance, guidance),
          Context.add(Inversion, inversion),
        ),
        options,
        loras,
        plugins: reports,
        notice: displaced(reports, chosen),
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

/** The component that is named, or given itself; otherwise the present one. */
const choose = <Shape extends { readonly name: string }, E>(
  present: Shape | undefined,
  choice: string | Shape | undefined,
  named: (name: string | undefined) => Effect.Effect<Shape, E>,
): Effect.Effect<Shape, E> => {
  if (typeof choice === "object") return Effect.succeed(choice)
  if (present !== undefined && (choice === undefined || choice === present.name)) return Effect.succeed(present)
  return named(choice)
}

const inversionOf = (name = "flow-heun"): Effect.Effect<Inversion["Service"], RequestError> =>
  Effect.scoped(Effect.map(Layer.build(inversionLayer(name)), (context) => Context.get(context, Inversion)))

/** Says which component of a plugin is not used, because another one was named. */
const displaced = (
  reports: ReadonlyArray<PluginReport>,
  chosen: Readonly<Record<string, string>>,
): string | undefined => {
  for (const { name: plugin, provides } of reports) {
    for (const { kind, name, replacedBy } of provides) {
      const used = chosen[kind]
      if (replacedBy !== undefined || used === undefined || used === name) continue
      return `The ${kind} "${used}" is used as asked, in place of "${name}" of the plugin "${plugin}".`
    }
  }
  return undefined
}

const identities = new WeakMap<object, number>()
let identityCount = 0

/** A number for a value that is not made of data alone, the same for the same value. */
const identityOf = (value: object): number => {
  const known = identities.get(value) ?? ++identityCount
  identities.set(value, known)
  return known
}
