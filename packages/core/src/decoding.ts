import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type EngineError, type ModelError, PipelineError } from "./errors.ts"
import type { GenerateEvent } from "./events.ts"
import type { LatentPlan } from "./legal-size.ts"
import { guarded, partFailure } from "./part-failure.ts"
import { toVideo } from "./pixels.ts"
import type { Latents, Video } from "./tensor.ts"
import { concat } from "./tensor-arithmetic.ts"
import { VideoVae } from "./video-vae.ts"

type DecodeError = PipelineError | EngineError | ModelError

const part = "The VAE's decoder"

/** Decodes clean latents without their padding: the events of the frames as they come, and of the whole video. */
export const decodeVideo = (
  latents: Latents,
  { frames: total, padding }: LatentPlan,
): Stream.Stream<GenerateEvent, DecodeError, VideoVae> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const vae = yield* VideoVae
      const videos: Array<Video> = []
      let done = 0
      const progress = vae.decode(latents.slice("frames", padding, latents.length("frames")).contiguous()).pipe(
        Stream.map((pixels): GenerateEvent => {
          const frames = toVideo(pixels)
          videos.push(frames)
          done += frames.length("frames")
          return { type: "decode-progress", frames, pixels, done, total }
        }),
      )
      const end = Effect.gen(function* () {
        if (done !== total) {
          return yield* new PipelineError({
            message: `${part} made ${done} frames, but ${total} are needed: it does not keep to its own compression.`,
          })
        }
        const event: GenerateEvent = { type: "video-end", video: concat("frames", videos) }
        return event
      })
      return Stream.concat(progress, Stream.fromEffect(end)).pipe(
        Stream.catchDefect((thrown) => Stream.fail(partFailure(part, thrown))),
      )
    }),
  )

/** Decodes the first frame of clean latents. (1, 1, height, width, 3) */
export const decodePreview: (clean: Latents, plan: LatentPlan) => Effect.Effect<Video, DecodeError, VideoVae> =
  Effect.fnUntraced(function* (clean, { padding }) {
    const vae = yield* VideoVae
    const first = clean.slice("frames", padding, padding + 1).contiguous()
    const [chunk] = yield* guarded(part, () => Stream.runCollect(vae.decode(first)))
    if (chunk === undefined) {
      return yield* new PipelineError({
        message: `${part} made no frame of the preview: it has to decode one latent frame.`,
      })
    }
    return yield* guarded(part, () => Effect.sync(() => toVideo(chunk.slice("frames", 0, 1).contiguous())))
  })
