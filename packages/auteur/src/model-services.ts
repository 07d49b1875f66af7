import {
  type Denoiser,
  type Editor,
  flattenPlugins,
  type Guidance,
  type Inversion,
  type ModelError,
  type PluginEntry,
  type PluginError,
  type RequestError,
  type Sampler,
  type TextEncoder,
  type VideoReader,
  type VideoVae,
  type VideoWriter,
} from "@auteur/core"
import type { Engine } from "@auteur/engine"
import { layer as engineLayer } from "@auteur/engine/node"
import { defaultModel } from "@auteur/hub"
import { flowEditLayer } from "@auteur/flowdirector"
import { videoReaderLayer, videoWriterLayer } from "@auteur/media"
import { inversionLayer } from "@auteur/samplers"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { latentSpace, type LoadedModel, loadModel, type ModelOptions } from "./load-model.ts"
import { machineLayer } from "./machine.ts"
import type { PluginReport } from "./plugins/plugin-report.ts"
import type { PluginLimits } from "./plugins/limits.ts"

/** Which model to open, and how to run it. */
export interface OpenModelOptions extends ModelOptions {
  /** A model folder, a bundled name, or `org/name` of a fetched model; the bundled model by default. */
  readonly model?: string | undefined
  /** Threads for each operator; one for each physical core by default. */
  readonly threads?: number | undefined
  /** What walks a video back to noise for the start "inversion"; default `flow-heun`. */
  readonly inversion?: string | undefined
  /** Parts from outside, in place of the model's or of auteur's; where two provide the same, the later is used. */
  readonly plugins?: PluginEntry
  readonly pluginLimits?: PluginLimits | undefined
}

/** A model with the plugins that were put on it. */
export interface OpenModel extends LoadedModel {
  readonly plugins: ReadonlyArray<PluginReport>
}

const CurrentModelBase: Context.ServiceClass<CurrentModel, "auteur/CurrentModel", OpenModel> = Context.Service<
  CurrentModel,
  OpenModel
>()("auteur/CurrentModel")
/** The model that is open. */
export class CurrentModel extends CurrentModelBase {}

/** All that a video is made with. */
export type ModelServices =
  | CurrentModel
  | TextEncoder
  | Denoiser
  | VideoVae
  | Sampler
  | Guidance
  | Inversion
  | Editor
  | VideoReader
  | VideoWriter

/** Opens a model and an engine for it, and puts plugins on it; all are closed with the layer's scope. */
export const modelLayer = (
  options: OpenModelOptions = {},
): Layer.Layer<ModelServices, ModelError | RequestError | PluginError> => {
  const { threads } = options
  const engine = engineLayer({ startNow: true, ...(threads === undefined ? {} : { threads }) })
  const model = Layer.unwrap(
    Effect.map(loadModel(options.model ?? defaultModel, options), (model) =>
      Layer.merge(model.layer, Layer.succeed(CurrentModel, { ...model, plugins: [] })),
    ),
  )
  const inversion = inversionLayer(options.inversion ?? "flow-heun")
  const parts = Layer.mergeAll(model, inversion, flowEditLayer(), videoReaderLayer, videoWriterLayer, machineLayer)
  if (!options.plugins) return Layer.provide(parts, engine)
  return Layer.effectContext(withPlugins(Layer.provideMerge(parts, engine), options.plugins, options.pluginLimits))
}

const withPlugins = Effect.fnUntraced(function* (
  layer: Layer.Layer<ModelServices | Engine, ModelError | RequestError>,
  entry: PluginEntry,
  limits: PluginLimits | undefined,
) {
  const plugins = yield* Effect.try({ try: () => flattenPlugins(entry), catch: (thrown) => thrown as PluginError })
  const parts = yield* Layer.build(layer)
  if (plugins.length === 0) return parts
  const model = Context.get(parts, CurrentModel)
  // Loaded where there are plugins only: most starts have none.
  const { composePlugins } = yield* Effect.promise(() => import("./plugins/compose.ts"))
  const composed = yield* composePlugins(
    {
      parts,
      model: model.folder.name,
      space: latentSpace,
      denoiser: (parts) =>
        Effect.provideContext(Layer.build(model.denoiser as Layer.Layer<Denoiser, ModelError>), parts),
    },
    plugins,
    limits,
  )
  return Context.add(composed.parts, CurrentModel, { ...model, plugins: composed.reports })
})
