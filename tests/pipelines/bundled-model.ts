import type {
  Denoiser,
  GenerateRequest,
  Guidance,
  ModelError,
  RequestError,
  Sampler,
  TextEncoder,
  VideoVae,
} from "@auteur/core"
import { layer as engine } from "@auteur/engine/node"
import { loadModel, type ModelOptions } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

type Parts = TextEncoder | Denoiser | VideoVae | Sampler | Guidance

/** A model folder, by default the bundled one, with an engine of its own. */
export const modelLayer = (
  options: ModelOptions = {},
  path = "emoji-world",
): Layer.Layer<Parts, ModelError | RequestError> =>
  Layer.unwrap(Effect.map(loadModel(path, options), (model) => model.layer)).pipe(Layer.provide(engine()))

/** A short video, so that the tests are quick. */
export const request: GenerateRequest = {
  prompt: "a fox runs to the right on the ice",
  seed: 7,
  steps: 4,
  guidanceScale: 6,
  frames: 9,
}
