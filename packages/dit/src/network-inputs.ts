import type { DenoiserInput } from "@auteur/core"
import type { HostTensor } from "@auteur/engine"
import type { TransformerConfig } from "./config.ts"

/** The number that 1.5 image-to-video is told beside the timestep; the reference always says 2. */
const ofs = 2

/** The inputs of the transformer's program: the same latents for each text, with the image's channels behind the sample's. */
export const networkInputs = (
  config: TransformerConfig,
  { sample, image, texts, level }: DenoiserInput,
): Record<string, HostTensor> => {
  const batch = texts.length
  const [, frames, channels, height, width] = sample.shape
  const latents = sample.contiguous().values()
  const conditions = image?.contiguous().values()
  const shape = [batch, frames, config.in_channels, height, width]
  const hidden = new Float32Array(batch * frames * config.in_channels * height * width)
  const frame = channels * height * width
  const stride = config.in_channels * height * width
  for (let at = 0; at < batch * frames; at++) {
    const from = (at % frames) * frame
    hidden.set(latents.subarray(from, from + frame), at * stride)
    if (conditions !== undefined) hidden.set(conditions.subarray(from, from + frame), at * stride + frame)
  }
  const [, tokens, features] = texts[0]!.shape
  const text = new Float32Array(batch * tokens * features)
  for (const [i, embeddings] of texts.entries()) text.set(embeddings.contiguous().values(), i * tokens * features)
  const constant = (x: number): HostTensor => ({ data: new Float32Array(batch).fill(x), shape: [batch] })
  return {
    hidden_states: { data: hidden, shape },
    encoder_hidden_states: { data: text, shape: [batch, tokens, features] },
    timestep: constant(level.timestep),
    ...(config.ofs_embed_dim === null ? {} : { ofs: constant(ofs) }),
  }
}
