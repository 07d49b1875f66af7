import { type PredictInput, type Latents, Tensor, type TextEmbeddings } from "@auteur/core"
import type { TransformerCase } from "./transformer-case.ts"

/** The level of the reference's forward pass. */
export const level = { alpha: 0.6, sigma: 0.8, timestep: 999 }

/** The reference's first sample with its text, its channels divided into sample and image. */
export const inputOf = ({ config, tensors }: TransformerCase): PredictInput => {
  const hidden = tensors.get("in.hidden_states")!
  const shape = hidden.shape as Latents["shape"]
  const all = Tensor.from("batch frames channels height width", shape, hidden.data).slice("batch", 0, 1)
  const sample = all.slice("channels", 0, config.out_channels).contiguous()
  const image =
    config.in_channels === config.out_channels
      ? undefined
      : all.slice("channels", config.out_channels, config.in_channels)
  return { sample, image, level, texts: [textsOf({ tensors })[0]!] }
}

/** Both texts of the reference. */
export const textsOf = ({ tensors }: Pick<TransformerCase, "tensors">): ReadonlyArray<TextEmbeddings> => {
  const text = tensors.get("in.encoder_hidden_states")!
  const both = Tensor.from("batch tokens features", text.shape as TextEmbeddings["shape"], text.data)
  return [both.slice("batch", 0, 1), both.slice("batch", 1, 2)]
}
