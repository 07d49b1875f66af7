import { type LowRank, ModelError, type StoredTensor, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import { alphaOf } from "./lora-alpha.ts"

/** A LoRA file in the layout of diffusers, and how much of it is added. */
export interface Lora {
  readonly weights: Weights
  readonly weight: number
}

/**
 * A transformer's weights with what LoRA files add to its linear layers (arXiv 2106.09685): nothing is read or changed, the layers
 * compute y += weight · α / rank · B(A x).
 *
 * Keys are `[transformer.]LAYER.lora_A.weight` (rank, in), `….lora_B.weight` (out, rank) and, where there is one, `….alpha`; without it
 * α is what the file's own metadata says, or else the rank, as in diffusers. Fails with a {@link ModelError} that names the first key
 * which belongs to no layer, is without its partner or of another shape.
 */
export const withLoras = (weights: Weights, loras: ReadonlyArray<Lora>): Effect.Effect<Weights, ModelError> =>
  Effect.try({
    try: () => {
      const tensors = new Map(weights.tensors)
      const adapters = new Map<string, Array<LowRank>>()
      for (const [number, lora] of loras.entries()) {
        for (const [layer, low] of lowRanksOf(lora, weights, tensors, `lora ${number}`)) {
          adapters.set(layer, [...(adapters.get(layer) ?? []), low])
        }
      }
      return { ...weights, tensors, adapters }
    },
    catch: (error) => error as ModelError,
  })

type Part = "lora_A.weight" | "lora_B.weight" | "alpha"

/** The additions of one file by layer; its tensors are put beside those of the checkpoint, under names that no checkpoint has. */
const lowRanksOf = (
  { weights: file, weight }: Lora,
  base: Weights,
  tensors: Map<string, StoredTensor>,
  prefix: string,
): ReadonlyMap<string, LowRank> => {
  const refuse = (key: string, problem: string) =>
    new ModelError({ message: `The tensor "${key}" in the LoRA ${file.source} ${problem}.` })
  if (!Number.isFinite(weight)) {
    throw new ModelError({ message: `The weight of the LoRA ${file.source} is ${weight}: give a finite number.` })
  }
  const layers = new Map<string, Map<Part, string>>()
  for (const [key, stored] of file.tensors) {
    const [, layer, part] = /^(?:transformer\.)?(.+)\.(lora_A\.weight|lora_B\.weight|alpha)$/.exec(key) ?? []
    if (base.tensors.get(`${layer}.weight`)?.shape.length !== 2) {
      throw refuse(
        key,
        `fits no linear layer of the transformer ${base.source}: it was made for another model, or is no plain LoRA`,
      )
    }
    if (!floatingPoint.has(stored.dtype)) {
      throw refuse(
        key,
        `is stored as ${stored.dtype}, but float16, bfloat16, float32 or float64 is expected: save it as one of them`,
      )
    }
    const parts = layers.get(layer!) ?? new Map<Part, string>()
    if (parts.has(part as Part))
      throw refuse(key, `is there a second time as "${parts.get(part as Part)}": save the file again`)
    layers.set(layer!, parts.set(part as Part, key))
    tensors.set(`${prefix}: ${key}`, stored)
  }
  if (layers.size === 0) throw new ModelError({ message: `The LoRA ${file.source} holds no tensors: save it again.` })

  const metadata = alphaOf(file)
  return new Map(
    [...layers].map(([layer, parts]) => {
      const [down, up, alpha] = [parts.get("lora_A.weight"), parts.get("lora_B.weight"), parts.get("alpha")]
      if (down === undefined || up === undefined) {
        const missing = down === undefined ? "lora_A" : "lora_B"
        throw refuse((down ?? up ?? alpha)!, `has no "${missing}" beside it: the file is not whole, save it again`)
      }
      const [out, inner] = base.tensors.get(`${layer}.weight`)!.shape as [number, number]
      const rank = file.tensors.get(down)!.shape[0] ?? 0
      for (const [key, wanted] of [
        [down, [rank, inner]],
        [up, [out, rank]],
      ] as const) {
        const { shape } = file.tensors.get(key)!
        if (rank > 0 && shape.join() === wanted.join()) continue
        throw refuse(
          key,
          `has the shape [${shape.join(", ")}], but the layer "${layer}" of the transformer needs [${wanted.join(", ")}]: it was made for another model`,
        )
      }
      if (alpha !== undefined) {
        const { shape } = file.tensors.get(alpha)!
        if (shape.length > 1 || shape.some((length) => length !== 1))
          throw refuse(alpha, `has the shape [${shape.join(", ")}], but a single number is expected`)
        return [
          layer,
          {
            rank,
            scale: weight / rank,
            down: `${prefix}: ${down}`,
            up: `${prefix}: ${up}`,
            alpha: `${prefix}: ${alpha}`,
          },
        ]
      }
      return [
        layer,
        { rank, scale: weight * metadata(layer, rank), down: `${prefix}: ${down}`, up: `${prefix}: ${up}` },
      ]
    }),
  )
}

const floatingPoint = new Set(["float16", "bfloat16", "float32", "float64"])
