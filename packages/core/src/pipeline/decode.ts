import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { componentName } from "../plugin/component-origin.ts"
import { type EngineError, type ModelError, PipelineError } from "../services/errors.ts"
import { type Pixels, VideoVae } from "../services/video-vae.ts"
import { type Latents, Tensor, type Video } from "../tensor/tensor.ts"
import { componentError, guarded, guardedSync } from "./component-error.ts"
import type { VideoSize } from "./latent-size.ts"
import { toVideo } from "./pixels.ts"
import type { GenerateEvent } from "./run.ts"

type DecodeError = PipelineError | EngineError | ModelError

/** Decodes clean latents without their padding: the events of the frames as they come, and of the whole video. */
export const decodeVideo = (latents: Latents, size: VideoSize): Stream.Stream<GenerateEvent, DecodeError, VideoVae> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const vae = yield* VideoVae
      const { frames: total, height, width, padding } = size
      const component = componentName("VAE's decoder", vae)
      const video = Tensor.zeros("batch frames height width channels", [1, total, height, width, 3], "uint8")
      let done = 0
      const progress = vae.decode(latents.slice("frames", padding, latents.length("frames")).contiguous()).pipe(
        Stream.map((pixels): GenerateEvent => {
          const frames = toFrames(component, pixels, size)
          const before = done
          done += frames.length("frames")
          if (done <= total) video.values().set(frames.values(), before * height * width * 3)
          return { type: "decode-progress", frames, pixels, done, total }
        }),
      )
      const end = Effect.gen(function* () {
        if (done !== total) {
          return yield* new PipelineError({
            message: `${component} gave ${done} frames, but ${total} are needed: its own compression says so.`,
          })
        }
        yield* Effect.logDebug(`${total} frames of ${width}×${height} are decoded.`)
        const event: GenerateEvent = { type: "video-end", video }
        return event
      })
      return Stream.concat(progress, Stream.fromEffect(end)).pipe(
        Stream.catchDefect((thrown) => Stream.fail(componentError(component, thrown))),
        Stream.withSpan("auteur.decode", { attributes: { frames: total, height, width } }),
      )
    }),
  )

/** Decodes the first frame of clean latents. (1, 1, height, width, 3) */
export const decodePreview: (clean: Latents, size: VideoSize) => Effect.Effect<Video, DecodeError, VideoVae> =
  Effect.fnUntraced(function* (clean, size) {
    const vae = yield* VideoVae
    const component = componentName("VAE's decoder", vae)
    const { padding } = size
    const first = clean.slice("frames", padding, padding + 1).contiguous()
    const [chunk] = yield* guarded(component, () => Stream.runCollect(vae.decode(first)))
    if (chunk === undefined) {
      return yield* new PipelineError({
        message: `${component} gave no frame for the preview: it has to decode one latent frame.`,
      })
    }
    return yield* guardedSync(component, () => toFrames(component, chunk, size).slice("frames", 0, 1).contiguous())
  }, Effect.withSpan("auteur.preview"))

/** A chunk of the decoder as frames; throws a {@link PipelineError} for anything but pixels of the right size. */
const toFrames = (component: string, pixels: Pixels, { height, width }: VideoSize): Video => {
  const wanted = ["batch channels frames height width", 1, 3, height, width].join()
  const found = pixels?.layout === undefined ? "" : [pixels.layout, ...pixels.shape.toSpliced(2, 1)].join()
  if (found !== wanted || pixels.dtype !== "float32") {
    throw new PipelineError({
      message: `${component} gave a chunk of [${pixels?.shape?.join(", ") ?? "nothing"}]: float32 pixels of [1, 3, frames, ${height}, ${width}] are needed.`,
    })
  }
  return toVideo(pixels, component)
}
