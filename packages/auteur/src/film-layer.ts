import {
  type Denoiser,
  type Editor,
  type Guidance,
  type Inversion,
  type ModelError,
  type RequestError,
  type Sampler,
  type TextEncoder,
  type VideoReader,
  type VideoVae,
  type VideoWriter,
} from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { defaultModel } from "@auteur/hub"
import { flowEditLayer } from "@auteur/flowdirector"
import { videoReaderLayer, videoWriterLayer } from "@auteur/media"
import { inversionLayer } from "@auteur/samplers"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type LoadedModel, loadModel, type ModelOptions } from "./load-model.ts"
import { machineLayer } from "./machine.ts"

/** Which model to open, and how to run it. */
export interface FilmOptions extends ModelOptions {
  /** A model folder, a bundled name, or `org/name` of a fetched model; the bundled model by default. */
  readonly model?: string | undefined
  /** Threads for each operator; one for each physical core by default. */
  readonly threads?: number | undefined
  /** What walks a video back to noise for the start "inversion"; default `flow-heun`. */
  readonly inversion?: string | undefined
}

const CurrentModelBase: Context.ServiceClass<CurrentModel, "auteur/CurrentModel", LoadedModel> = Context.Service<
  CurrentModel,
  LoadedModel
>()("auteur/CurrentModel")
/** The model that is open. */
export class CurrentModel extends CurrentModelBase {}

/** All that a video is made with. */
export type Film =
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

/** Opens a model and an engine for it; both are closed with the layer's scope. */
export const filmLayer = (options: FilmOptions = {}): Layer.Layer<Film, ModelError | RequestError> => {
  const { threads } = options
  const engine = engineLayer({ startNow: true, ...(threads === undefined ? {} : { threads }) })
  const model = Layer.unwrap(
    Effect.map(loadModel(options.model ?? defaultModel, options), (model) =>
      Layer.merge(model.layer, Layer.succeed(CurrentModel, model)),
    ),
  )
  const inversion = inversionLayer(options.inversion ?? "flow-heun")
  return Layer.mergeAll(model, inversion, flowEditLayer(), videoReaderLayer, videoWriterLayer, machineLayer).pipe(
    Layer.provide(engine),
  )
}
