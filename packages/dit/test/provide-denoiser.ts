import { type Denoiser, LatentSpace, type ModelError, type NoiseProcess, type PredictionType } from "@auteur/core"
import type { Engine } from "@auteur/engine"
import * as Layer from "effect/Layer"
import { type DenoiserOptions, layer } from "../src/denoiser.ts"

const process: NoiseProcess = { kind: "rectified-flow" }

/** The denoiser of a case, called "the model", over a VAE's latents of so many channels. */
export const denoiserLayer = (
  options: Pick<DenoiserOptions, "config" | "weights" | "cache"> & { readonly prediction?: PredictionType },
  channels = 4,
): Layer.Layer<Denoiser, ModelError, Engine> =>
  layer({ process, prediction: "sample", name: "the model", ...options }).pipe(
    Layer.provide(
      Layer.succeed(LatentSpace("cogvideox"), {
        name: "cogvideox",
        channels,
        spatialCompression: 8,
        temporalCompression: 4,
      }),
    ),
  )
