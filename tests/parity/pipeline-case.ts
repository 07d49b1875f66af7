import {
  type GenerateError,
  generate,
  type GenerateRequest,
  latentFrames,
  type Pixels,
  Tensor,
  type Video,
  VideoVae,
  concat,
} from "@auteur/core"
import type { Engine } from "@auteur/engine"
import { resizeImage } from "@auteur/media"
import { loadModel } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type CaseFolder, floats, type HostFloats, type Json, type Tensors } from "./case-folder.ts"
import { compare, pipelineBound } from "./comparison.ts"
import { ParityError } from "./parity-error.ts"
import { readSettings, type Settings } from "./pipeline-settings.ts"
import type { CaseResult } from "./scheduler-case.ts"

/** 8-bit pictures of the size that the run is made at, resized as the reference does it. (F, H, W, 3) */
const toVideo = ({ shape, data }: HostFloats, height: number, width: number): Video => {
  const [frames, rows, columns] = shape as [number, number, number]
  const bytes = Uint8Array.from(data)
  const resized = Array.from({ length: frames }, (_, i) => {
    const size = rows * columns * 3
    return resizeImage({ width: columns, height: rows, data: bytes.subarray(i * size, (i + 1) * size) }, width, height)
      .data
  })
  const result = new Uint8Array(frames * height * width * 3)
  for (const [i, frame] of resized.entries()) result.set(frame, i * height * width * 3)
  return Tensor.from("batch frames height width channels", [1, frames, height, width, 3], result, "uint8")
}

/** The request that asks for what the reference's call did. */
const requestOf = Effect.fnUntraced(function* (settings: Settings, tensors: Tensors) {
  const vae = yield* VideoVae
  const { height, width } = settings
  const request: GenerateRequest = {
    prompt: settings.prompt,
    negativePrompt: settings.negative_prompt,
    seed: settings.seed,
    steps: settings.num_inference_steps,
    guidanceScale: settings.guidance_scale,
    height,
    width,
  }
  switch (settings.task) {
    case "video-to-video": {
      const video = toVideo(yield* floats(tensors, "in.video"), height, width)
      return { ...request, video, strength: settings.strength }
    }
    case "image-to-video": {
      const { shape, data } = yield* floats(tensors, "in.image")
      const image = toVideo({ shape: [1, ...shape], data }, height, width)
      return { ...request, image, frames: framesOf(settings, vae) }
    }
    default:
      return { ...request, frames: framesOf(settings, vae) }
  }
})

/** The reference rounds its frames down to whole latent frames, and the result is what these decode to. */
const framesOf = ({ num_frames }: Settings, vae: VideoVae["Service"]): number =>
  vae.decodedFrames(latentFrames(num_frames, vae.temporalCompression))

/** Frames as the reference gives them, 0…1. (1, 3, F, H, W) → (1, F, 3, H, W) */
const framesFrom = (chunks: ReadonlyArray<Pixels>): HostFloats => {
  const pixels = concat("frames", chunks).permute("batch frames channels height width").contiguous()
  const data = pixels.values().map((x) => Math.min(Math.max(x / 2 + 0.5, 0), 1))
  return { shape: pixels.shape, data }
}

/** A whole run of the model in the folder: the latents after each step and the frames. */
export const pipelineCase: (
  folder: CaseFolder,
  json: Json,
  tensors: Tensors,
) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError | GenerateError, Engine> = Effect.fnUntraced(
  function* (folder, json, tensors) {
    const settings = yield* readSettings(folder, json)
    const model = yield* loadModel(folder.path, {
      maxSequenceLength: settings.max_sequence_length,
      guidanceMethod: settings.use_dynamic_cfg ? "dynamic" : "classifier-free",
    })
    const results: Array<CaseResult> = []
    const check = Effect.fnUntraced(function* (name: string, found: HostFloats) {
      if (!tensors.has(`out.${name}`)) return
      results.push(compare(name, found, yield* floats(tensors, `out.${name}`), pipelineBound))
    })
    yield* Effect.gen(function* () {
      const request = yield* requestOf(settings, tensors)
      const chunks: Array<Pixels> = []
      yield* Stream.runForEach(generate(request), (event) => {
        if (event.type === "decode-progress") chunks.push(event.pixels)
        if (event.type !== "step-end") return Effect.void
        const { shape } = event.latents
        return check(`latents.${event.index}`, { shape, data: event.latents.contiguous().values() })
      })
      if (chunks.length > 0) yield* check("frames", framesFrom(chunks))
    }).pipe(Effect.provide(model.layer))
    return results
  },
)
