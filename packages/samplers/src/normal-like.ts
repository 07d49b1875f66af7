import { type Latents, type Random, Tensor } from "@auteur/core"

/** Normal noise of the shape of `latents`: one `torch.randn` of that shape. */
export const normalLike = (latents: Latents, random: Random): Latents =>
  Tensor.from(latents.layout, latents.shape, random.normal(latents.size))
