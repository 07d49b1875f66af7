import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { parseTransformerConfig, type TransformerConfig } from "@auteur/dit"
import * as Effect from "effect/Effect"
import { bundledModel } from "../estimate/wide-model.ts"
import type { BlockShape } from "./counting.ts"

/** The bundled transformer's config, and the shape of its blocks at the size that it was trained at. */
export const bundledConfig = async (): Promise<{
  readonly transformer: TransformerConfig
  readonly shape: BlockShape
}> => {
  const path = join(bundledModel, "transformer/config.json")
  const transformer = await Effect.runPromise(parseTransformerConfig(JSON.parse(await readFile(path, "utf8")), path))
  const { num_attention_heads, attention_head_dim, num_layers, max_text_seq_length } = transformer
  const { sample_height, sample_width, sample_frames, patch_size, temporal_compression_ratio } = transformer
  const frames = (sample_frames - 1) / temporal_compression_ratio + 1
  const tokens = max_text_seq_length + (frames * sample_height * sample_width) / patch_size ** 2
  return { transformer, shape: { tokens, width: num_attention_heads * attention_head_dim, blocks: num_layers } }
}
