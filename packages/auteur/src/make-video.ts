import {
  type CheckpointError,
  Denoiser,
  generate,
  type GenerateError,
  type GenerateEvent,
  type GenerateRequest,
  type MediaError,
  resume,
  VideoVae,
} from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { defaultModel } from "@auteur/hub"
import { videoWriterLayer } from "@auteur/media"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { loadModel, type ModelOptions } from "./load-model.ts"
import { machineLayer } from "./machine.ts"
import { readPicture } from "./read-picture.ts"
import { readCheckpoint, renderVideo } from "./render.ts"

export interface MakeVideoOptions extends ModelOptions {
  /** A prompt, or the checkpoint that an interrupted run left: the rest of the request is then in it. */
  readonly source: { readonly prompt: string } | { readonly checkpoint: string }
  /** The file to write, `.mp4`. */
  readonly output: string
  /** A model folder or a bundled name; the bundled model by default. */
  readonly model?: string | undefined
  readonly negative?: string | undefined
  /** A random one by default. */
  readonly seed?: number | bigint | undefined
  /** Default 50. */
  readonly steps?: number | undefined
  /** Default 6. */
  readonly guidance?: number | undefined
  readonly frames?: number | undefined
  readonly width?: number | undefined
  readonly height?: number | undefined
  /** An image file: the first frame, for image-to-video models. */
  readonly image?: string | undefined
  /** Frames per second; the model's by default. */
  readonly fps?: number | undefined
  /** Enlargement of the written picture; by default 4 for pictures with a side of up to 64 pixels, otherwise 1. */
  readonly scale?: number | undefined
  /** Called with each event before the work goes on. */
  readonly onEvent?: (event: GenerateEvent) => Effect.Effect<void>
}

/** Makes a video file from a prompt: loads the model, generates, writes. */
export const makeVideo: (
  options: MakeVideoOptions,
) => Effect.Effect<{ readonly seed: number | bigint }, GenerateError | MediaError | CheckpointError> =
  Effect.fnUntraced(function* (options) {
    const checkpoint = "checkpoint" in options.source ? yield* readCheckpoint(options.source.checkpoint) : undefined
    const model = yield* loadModel(options.model ?? defaultModel, options)
    return yield* Effect.gen(function* () {
      const request = checkpoint?.request ?? (yield* toRequest(options))
      const { width, height } = { ...(yield* trainedSize), ...sizeOf(request) }
      yield* renderVideo(checkpoint === undefined ? generate(request) : resume(checkpoint), {
        output: options.output,
        fps: options.fps ?? model.fps,
        scale: options.scale ?? (Math.min(width, height) <= 64 ? 4 : 1),
        onEvent: options.onEvent ?? (() => Effect.void),
      })
      return { seed: request.seed }
    }).pipe(
      Effect.provide(Layer.mergeAll(model.layer, videoWriterLayer, machineLayer).pipe(Layer.provide(engineLayer()))),
    )
  })

const toRequest = Effect.fnUntraced(function* (options: MakeVideoOptions) {
  const size = sizeOf(options)
  const image =
    options.image === undefined ? undefined : yield* readPicture(options.image, { ...(yield* trainedSize), ...size })
  const request: GenerateRequest = {
    prompt: "prompt" in options.source ? options.source.prompt : "",
    seed: options.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]!,
    steps: options.steps ?? 50,
    guidance: options.guidance ?? 6,
    ...size,
    ...(options.negative === undefined ? {} : { negativePrompt: options.negative }),
    ...(options.frames === undefined ? {} : { frames: options.frames }),
    ...(image === undefined ? {} : { image }),
  }
  return request
})

const trainedSize = Effect.gen(function* () {
  const { trained } = yield* Denoiser
  const { spatialCompression } = yield* VideoVae
  return { width: trained.width * spatialCompression, height: trained.height * spatialCompression }
})

const sizeOf = ({ width, height }: { readonly width?: number | undefined; readonly height?: number | undefined }) => ({
  ...(width === undefined ? {} : { width }),
  ...(height === undefined ? {} : { height }),
})
