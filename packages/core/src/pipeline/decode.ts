import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type EngineError, type ModelError, PipelineError } from "../services/errors.ts"
import type { GenerateEvent } from "./events.ts"
import type { VideoSize } from "./latent-size.ts"
import { guarded, componentError } from "./component-error.ts"
import { componentName } from "../plugin/component-origin.ts"
import { toVideo } from "./pixels.ts"
import type { Latents, Video } from "../tensor/tensor.ts"
import { concat } from "../tensor/tensor-arithmetic.ts"
import { type Pixels, VideoVae } from "../services/video-vae.ts"

type DecodeError = PipelineError | EngineError | ModelError

/** Decodes clean latents without their padding: the events of the frames as they come, and of the whole video. */
export const decodeVideo = (latents: Latents, size: VideoSize): Stream.Stream<GenerateEvent, DecodeError, VideoVae> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const vae = yield* VideoVae
      const { frames: total, padding } = size
      const part = componentName("VAE's decoder", vae)
      const videos: Array<Video> = []
      let done = 0
      const progress = vae.decode(latents.slice("frames", padding, latents.length("frames")).contiguous()).pipe(
        Stream.map((pixels): GenerateEvent => {
          const frames = toFrames(part, pixels, size)
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
        Stream.catchDefect((thrown) => Stream.fail(componentError(part, thrown))),
      )
    }),
  )

/** Decodes the first frame of clean latents. (1, 1, height, width, 3) */
export const decodePreview: (clean: Latents, size: VideoSize) => Effect.Effect<Video, DecodeError, VideoVae> =
  Effect.fnUntraced(function* (clean, size) {
    const vae = yield* VideoVae
    const part = componentName("VAE's decoder", vae)
    const { padding } = size
    const first = clean.slice("frames", padding, padding + 1).contiguous()
    const [chunk] = yield* guarded(part, () => Stream.runCollect(vae.decode(first)))
    if (chunk === undefined) {
      return yield* new PipelineError({
        message: `${part} made no frame of the preview: it has to decode one latent frame.`,
      })
    }
    return yield* guarded(part, () => Effect.sync(() => toFrames(part, chunk, size).slice("frames", 0, 1).contiguous()))
  })

/** A chunk of the decoder's as frames; throws a {@link PipelineError} when it is none, or of another size. */
const toFrames = (part: string, pixels: Pixels, { height, width }: VideoSize): Video => {
  const wanted = ["batch channels frames height width", 1, 3, height, width].join()
  const found = pixels?.layout === undefined ? "" : [pixels.layout, ...pixels.shape.toSpliced(2, 1)].join()
  if (found !== wanted || pixels.dtype !== "float32") {
    throw new PipelineError({
      message: `${part} made a chunk of [${pixels?.shape?.join(", ") ?? "nothing"}]: float32 pixels of [1, 3, frames, ${height}, ${width}] are needed.`,
    })
  }
  return toVideo(pixels, part)
}
