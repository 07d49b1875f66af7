import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { ModelError } from "@auteur/core"
import { openWeights } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import type { TextEncoderOptions } from "../src/text-encoder.ts"
import { loadTokenizer } from "../src/tokenizer/tokenizer.ts"
import { readConfig } from "./encoder-golden.ts"

export const model: string = join(import.meta.dirname, "../../../models/emoji-world")

/** The text encoder of the bundled model. */
export const emojiWorld: Effect.Effect<TextEncoderOptions, ModelError> = Effect.gen(function* () {
  const read = (name: string) => Effect.promise(() => readFile(join(model, "tokenizer", name)))
  return {
    config: yield* readConfig(join(model, "text_encoder")),
    weights: yield* openWeights(join(model, "text_encoder", "model.safetensors")),
    tokenizer: loadTokenizer({
      "spiece.model": yield* read("spiece.model"),
      "tokenizer_config.json": yield* read("tokenizer_config.json"),
    }),
    maxSequenceLength: 24,
  }
})
