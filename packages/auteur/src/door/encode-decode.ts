import {
  concat,
  Denoiser,
  type EngineError,
  isLatents,
  type Latents,
  type MediaError,
  type MediaSource,
  type ModelError,
  type PluginError,
  RequestError,
  scale,
  type TextEmbeddings,
  TextEncoder,
  toPixels,
  toVideo,
  VideoVae,
  VideoWriter,
} from "@auteur/core"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { CurrentModel } from "../model/model-services.ts"
import { type Frames, startVideo } from "../video/sources.ts"
import { DecodedVideo } from "./generated-video.ts"
import type { ComponentSettings, RequestOptions } from "./options.ts"

/** A prompt as the network sees it. */
export interface EncodedPrompt {
  /** One row for each token, padding included. (1, tokens, features) */
  readonly embeddings: TextEmbeddings
  /** The end of the prompt that did not fit; nothing when all of it did. */
  readonly truncated: string | undefined
}

export type EncodePromptOptions = Pick<RequestOptions, "maxSequenceLength" | "signal">
export type DecodeOptions = Pick<RequestOptions, "tiling" | "vaeWorkers" | "signal">
export type EncodeOptions = Pick<RequestOptions, "frames" | "width" | "height" | "tiling" | "vaeWorkers" | "signal">

type Coding<A> = Effect.Effect<
  A,
  EngineError | ModelError | RequestError | PluginError | MediaError,
  CurrentModel | Scope.Scope
>

const componentsWith = (options: ComponentSettings) => CurrentModel.use(({ select }) => select(options))

/** Encodes a prompt alone. */
export const encodePrompt: (prompt: string, options: EncodePromptOptions) => Coding<EncodedPrompt> = Effect.fnUntraced(
  function* (prompt: string, { maxSequenceLength }: EncodePromptOptions) {
    const { components } = yield* componentsWith({ maxSequenceLength })
    const encoded: EncodedPrompt = yield* Effect.provideContext(
      TextEncoder.use(({ encode }) => encode(prompt)),
      components,
    )
    return encoded
  },
)

/** Encodes frames alone: the mean of their latents, scaled as the network sees them. (1, f, c, h, w) */
export const encodeFrames: (source: MediaSource | Frames, options: EncodeOptions) => Coding<Latents> =
  Effect.fnUntraced(function* (source: MediaSource | Frames, options: EncodeOptions) {
    const { tiling, vaeWorkers } = options
    const { components } = yield* componentsWith({ tiling, vaeWorkers })
    const encoded = Effect.gen(function* () {
      const vae = yield* VideoVae
      const { trained } = yield* Denoiser
      const size = {
        width: options.width ?? trained.width * vae.spatialCompression,
        height: options.height ?? trained.height * vae.spatialCompression,
      }
      const { video } = yield* startVideo(source, size, options.frames)
      const { mean } = yield* vae.encode(toPixels(video))
      const latents: Latents = mean.permute("batch frames channels height width").contiguous()
      scale(latents, vae.scalingFactor)
      return latents
    })
    return yield* Effect.provideContext(encoded, components)
  })

/** Decodes clean latents alone. */
export const decodeLatents: (latents: Latents, options: DecodeOptions) => Coding<DecodedVideo> = Effect.fnUntraced(
  function* (latents: Latents, { tiling, vaeWorkers }: DecodeOptions) {
    if (!isLatents(latents)) {
      return yield* new RequestError({
        message: 'The latents are not a float32 tensor "batch frames channels height width": give those of a video.',
      })
    }
    const { fps } = yield* CurrentModel
    const { components } = yield* componentsWith({ tiling, vaeWorkers })
    const decoded = Effect.gen(function* () {
      const vae = yield* VideoVae
      const chunks = yield* Stream.runCollect(Stream.map(vae.decode(latents), (pixels) => toVideo(pixels)))
      const upscale = Math.min(...chunks[0]!.shape.slice(2, 4)) <= 64 ? 4 : 1
      return new DecodedVideo(concat("frames", chunks), { fps, upscale, metadata: {} }, yield* VideoWriter)
    })
    return yield* Effect.provideContext(decoded, components)
  },
)
