import type { Random } from "./random.ts"
import { type Latents, Tensor } from "../tensor/tensor.ts"

/** Normal noise of the shape of `latents`: one `torch.randn` of that shape. */
export const normalLike = (latents: Latents, random: Random): Latents =>
  Tensor.from(latents.layout, latents.shape, random.normal(latents.size))
