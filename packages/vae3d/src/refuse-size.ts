import { EngineError, type Latents, type Pixels } from "@auteur/core"
import * as Effect from "effect/Effect"
import { spatialCompression, type VaeConfig } from "./config.ts"

/** Fails when a video cannot be encoded: other channels, no frames, or sides that are not whole latent positions. */
export const refuseVideo = (config: VaeConfig, video: Pixels): Effect.Effect<void, EngineError> => {
  const multiple = spatialCompression(config)
  const [height, width] = [video.length("height"), video.length("width")]
  const fits = (pixels: number) => pixels > 0 && pixels % multiple === 0
  if (!fits(height) || !fits(width)) {
    return refuse(`a video of ${width}×${height} pixels: height and width must be multiples of ${multiple}`)
  }
  return refuseCounts("video", video, config.in_channels)
}

/** Fails when latents cannot be decoded. */
export const refuseLatents = (config: VaeConfig, latents: Latents): Effect.Effect<void, EngineError> =>
  latents.length("height") === 0 || latents.length("width") === 0
    ? refuse("latents without height or width")
    : refuseCounts("latents", latents, config.latent_channels)

const refuseCounts = (
  name: string,
  tensor: { readonly length: (axis: "batch" | "frames" | "channels") => number },
  channels: number,
): Effect.Effect<void, EngineError> => {
  if (tensor.length("channels") !== channels) {
    return refuse(`${name} with ${tensor.length("channels")} channels: it has ${channels}`)
  }
  if (tensor.length("frames") === 0 || tensor.length("batch") === 0) return refuse(`${name} without frames`)
  return Effect.void
}

const refuse = (what: string) => Effect.fail(new EngineError({ message: `The VAE cannot take ${what}.` }))
