import { type LowRank, ModelError, type Weights } from "@auteur/core"
import * as Effect from "effect/Effect"
import { type LoraFile, scalesOf } from "./lora-config.ts"
import { layerNames, type LoraKey, type Part, readLoraKey } from "./lora-key.ts"

/** A LoRA file, and the weight with which it is added. */
export interface Lora extends LoraFile {
  readonly weight: number
}

/**
 * A transformer's weights with what LoRA files add to its linear layers (arXiv 2106.09685): nothing is read or changed, the layers
 * compute y += weight · α / rank · B(A x).
 *
 * Keys are those of diffusers, `[transformer.]LAYER.lora_A.weight` (rank, in), `….lora_B.weight` (out, rank) and, where there is one,
 * `….alpha`, or the same as PEFT, kohya's scripts, ComfyUI and DiffSynth name them. Without `alpha`, α is what the LoRA's config says, or
 * else the rank, as in diffusers. Fails with a {@link ModelError} that names the first key which belongs to no layer, is without its
 * partner or of another shape.
 */
export const withLoras = (weights: Weights, loras: ReadonlyArray<Lora>): Effect.Effect<Weights, ModelError> =>
  Effect.try({
    try: () => {
      const tensors = new Map(weights.tensors)
      const adapters = new Map<string, Array<LowRank>>()
      for (const [number, lora] of loras.entries()) {
        const prefix = `lora ${number}: `
        for (const [key, stored] of lora.weights.tensors) tensors.set(prefix + key, stored)
        for (const [layer, low] of lowRanksOf(lora, weights, prefix)) {
          adapters.set(layer, [...(adapters.get(layer) ?? []), low])
        }
      }
      return { ...weights, tensors, adapters }
    },
    catch: (error) => {
      if (error instanceof ModelError) return error
      throw error
    },
  })

/** Says in sentences what of a LoRA is not used, or not known, though it can be added. */
export const loraNotices = ({ weights, config }: Lora): ReadonlyArray<string> => {
  const keys = [...weights.tensors.keys()]
  const texts = keys.filter((key) => readLoraKey(key, new Map()).kind === "text")
  const notices: Array<string> = []
  if (texts.length > 0) {
    notices.push(
      `The LoRA ${weights.source} also changes the text encoder (${texts.length} tensors), which is not done.`,
    )
  }
  const says = config !== undefined || weights.metadata?.["lora_adapter_metadata"] !== undefined
  if (!says && keys.some((key) => key.startsWith("base_model.model.")) && !keys.some((key) => key.endsWith(".alpha"))) {
    notices.push(
      `The LoRA ${weights.source} is PEFT's, but has no adapter_config.json beside it: its alpha is taken to be its rank.`,
    )
  }
  return notices
}

/** The additions of one file by layer; `prefix` is before the names of its tensors among those of the checkpoint. */
const lowRanksOf = (lora: Lora, base: Weights, prefix: string): ReadonlyMap<string, LowRank> => {
  const { weights: file, weight } = lora
  if (!Number.isFinite(weight)) {
    throw new ModelError({ message: `The weight of the LoRA ${file.source} is ${weight}: give a finite number.` })
  }
  const scales = scalesOf(lora)
  const lowRanks = new Map<string, LowRank>()
  for (const [layer, parts] of partsOf(file, base)) {
    const [down, up, alpha] = [parts.get("lora_A"), parts.get("lora_B"), parts.get("alpha")]
    if (down === undefined || up === undefined) {
      const missing = down === undefined ? "lora_A" : "lora_B"
      throw refuse(file, (down ?? up ?? alpha)!, `has no "${missing}" beside it: the file is not whole, save it again`)
    }
    const [out, inner] = base.tensors.get(`${layer}.weight`)!.shape as [number, number]
    const rank = file.tensors.get(down)!.shape[0] ?? 0
    if (rank === 0) throw refuse(file, down, "has the rank 0, which adds nothing: save the file again")
    for (const [key, expected] of [
      [down, [rank, inner]],
      [up, [out, rank]],
    ] as const) {
      const { shape } = file.tensors.get(key)!
      if (shape.join() === expected.join()) continue
      throw refuse(
        file,
        key,
        `has the shape [${shape.join(", ")}], but the layer "${layer}" of the transformer needs [${expected.join(", ")}]: it was made for another model`,
      )
    }
    const low = { rank, down: prefix + down, up: prefix + up }
    if (alpha === undefined) {
      lowRanks.set(layer, { ...low, scale: weight * scales(layer, rank) })
      continue
    }
    const { shape } = file.tensors.get(alpha)!
    if (shape.length > 1 || shape.some((length) => length !== 1)) {
      throw refuse(file, alpha, `has the shape [${shape.join(", ")}], but a single number is expected`)
    }
    lowRanks.set(layer, { ...low, scale: weight / rank, alpha: prefix + alpha })
  }
  return lowRanks
}

/** The names of a file's tensors by the layer and the part that they are of; those of a text encoder are passed over. */
const partsOf = (file: Weights, base: Weights): ReadonlyMap<string, ReadonlyMap<Part, string>> => {
  const linear = [...base.tensors].filter(([key, { shape }]) => key.endsWith(".weight") && shape.length === 2)
  const names = layerNames(linear.map(([key]) => key.slice(0, -".weight".length)))
  const layers = new Map<string, Map<Part, string>>()
  const others: Array<readonly [string, LoraKey]> = []
  let adapter: string | undefined
  for (const [key, { dtype }] of file.tensors) {
    const read = readLoraKey(key, names)
    if (read.kind !== "part") {
      others.push([key, read])
      continue
    }
    const types = read.part === "alpha" ? [...floatingPoint, "int64", "int32"] : floatingPoint
    if (!types.includes(dtype)) {
      throw refuse(
        file,
        key,
        `is stored as ${dtype}, but ${floatingPoint.slice(0, -1).join(", ")} or float64 is expected: save it as one of them`,
      )
    }
    if (adapter !== undefined && read.part !== "alpha" && read.adapter !== adapter) {
      throw refuse(
        file,
        key,
        `belongs to the adapter "${read.adapter}", others to "${adapter}": save one adapter alone`,
      )
    }
    if (read.part !== "alpha") adapter = read.adapter
    const parts = layers.get(read.layer) ?? new Map<Part, string>()
    const other = parts.get(read.part)
    if (other !== undefined) throw refuse(file, key, `is there a second time as "${other}": save the file again`)
    layers.set(read.layer, parts.set(read.part, key))
  }
  const stray = others.find(([, { kind }]) => kind === "other" || layers.size === 0)
  if (stray !== undefined) {
    const [key, read] = stray
    const reason = read.kind === "other" ? read.reason : "it changes a text encoder, which cannot be done"
    throw refuse(file, key, `fits no linear layer of the transformer ${base.source}: ${reason}`)
  }
  if (layers.size === 0) throw new ModelError({ message: `The LoRA ${file.source} holds no tensors: save it again.` })
  return layers
}

const refuse = (file: Weights, key: string, problem: string): ModelError =>
  new ModelError({ message: `The tensor "${key}" in the LoRA ${file.source} ${problem}.` })

const floatingPoint = ["float16", "bfloat16", "float32", "float64"]
