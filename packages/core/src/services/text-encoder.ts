import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import type { Cost } from "./cost.ts"
import type { EngineError, ModelError } from "./errors.ts"
import type { Tensor } from "../tensor/tensor.ts"

export type TextEmbeddings = Tensor<"batch tokens features">

export interface EncodedText {
  /** One row for each token, padding included. (1, maxSequenceLength, features) */
  readonly embeddings: TextEmbeddings
  /** The end of the prompt that did not fit into `maxSequenceLength`. */
  readonly truncated: string | undefined
}

/** Turns a prompt into the embeddings that the denoiser attends to. */
export interface TextEncoderShape {
  /** Tokens that a prompt may take, its end mark included. */
  readonly maxSequenceLength: number
  readonly encode: (prompt: string) => Effect.Effect<EncodedText, EngineError | ModelError>
  /** The cost of encoding one prompt. */
  readonly cost: Effect.Effect<Cost, ModelError>
}

const TextEncoderBase: Context.ServiceClass<TextEncoder, "@auteur/core/TextEncoder", TextEncoderShape> =
  Context.Service<TextEncoder, TextEncoderShape>()("@auteur/core/TextEncoder")
export class TextEncoder extends TextEncoderBase {}
