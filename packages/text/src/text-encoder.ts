import { ModelError, Tensor, TextEncoder, type TextEmbeddings, type Weights } from "@auteur/core"
import { checkWeights, Engine } from "@auteur/engine"
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import type { T5Config } from "./t5/config.ts"
import { t5EncoderProgram } from "./t5/encoder.ts"
import type { Tokenizer } from "./tokenizer/tokenizer.ts"

export interface TextEncoderOptions {
  readonly config: T5Config
  readonly weights: Weights
  readonly tokenizer: Tokenizer
  /** Tokens that a prompt is cut or padded to, its end token included: 226 for CogVideoX. */
  readonly maxSequenceLength: number
}

/** Far above the 226 of CogVideoX: the memory of attention grows with the square. */
const mostTokens = 2048

/** The number of prompts whose embeddings are kept: T5-XXL takes tens of seconds to make 4 MB. */
const keptPrompts = 8

/**
 * T5 or UMT5 as the pipeline's text encoder, without a mask: CogVideoX was trained to attend to the padding.
 *
 * The weights are checked when the layer is built: a `ModelError` names the first tensor that is missing or does not fit the config.
 */
export const layer = (options: TextEncoderOptions): Layer.Layer<TextEncoder, ModelError, Engine> =>
  Layer.effect(TextEncoder, makeTextEncoder(options))

const makeTextEncoder = Effect.fnUntraced(function* ({
  config,
  weights,
  tokenizer,
  maxSequenceLength,
}: TextEncoderOptions) {
  if (!(Number.isSafeInteger(maxSequenceLength) && maxSequenceLength >= 1 && maxSequenceLength <= mostTokens)) {
    return yield* new ModelError({
      message: `A prompt cannot be cut or padded to ${maxSequenceLength} tokens: use a whole number from 1 to ${mostTokens}.`,
    })
  }
  const model = yield* (yield* Engine).open(weights)
  const program = t5EncoderProgram(config, { batch: 1, tokens: maxSequenceLength, masked: false })
  // A full T5 has the decoder's tensors too.
  yield* checkWeights("text encoder", [program], weights, { allowOthers: true })
  const cost = yield* model.cost(program)
  const tokenize = (prompt: string) =>
    Effect.try({
      try: () => tokenizer.encodePadded(prompt, maxSequenceLength),
      catch: (error) => error as ModelError,
    })
  const encode = Effect.fnUntraced(function* (prompt: string) {
    const { ids, truncated } = yield* tokenize(prompt)
    const unknown = ids.find((id) => id >= config.vocab_size)
    if (unknown !== undefined) {
      return yield* new ModelError({
        message: `The tokenizer gave the id ${unknown}, but vocab_size in the text encoder's config.json is ${config.vocab_size}: use the tokenizer that belongs to this encoder.`,
      })
    }
    const { last_hidden_state: x } = yield* model.run(program, {
      input_ids: { data: ids, shape: [1, maxSequenceLength] },
    })
    const embeddings: TextEmbeddings = Tensor.from(
      "batch tokens features",
      [1, maxSequenceLength, config.d_model],
      x!.data as Float32Array,
    )
    return { embeddings, truncated }
  })
  const kept = yield* Cache.makeWith(encode, {
    capacity: keptPrompts,
    timeToLive: (exit) => (Exit.isSuccess(exit) ? Duration.infinity : Duration.zero),
  })
  return TextEncoder.of({
    maxSequenceLength,
    // A copy, as a caller may change it in place.
    encode: (prompt) =>
      Effect.map(Cache.get(kept, prompt), ({ embeddings, truncated }) => ({
        embeddings: Tensor.from("batch tokens features", embeddings.shape, embeddings.data.slice()),
        truncated,
      })),
    cost: Effect.succeed(cost),
  })
})
