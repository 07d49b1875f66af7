import { CheckpointError } from "./errors.ts"
import { Random, type RandomState } from "./random.ts"
import type { GenerateRequest } from "./request.ts"
import { decodeSafetensors, encodeSafetensors } from "./safetensors.ts"
import type { SamplerState } from "./sampler.ts"
import { type Latents, Tensor } from "./tensor.ts"

/** A run after one of its steps: enough to continue it bit for bit. */
export interface Checkpoint {
  /** The request without its pictures: what they gave is in `state` and `image`. */
  readonly request: Omit<GenerateRequest, "image" | "video">
  /** The model and the sampler that made it, so that no others continue it. */
  readonly denoiser: string
  readonly sampler: string
  readonly state: SamplerState
  readonly random: RandomState
  /** Image latents of image-to-video. */
  readonly image: Latents | undefined
}

const format = "auteur-checkpoint-1"
const latentAxes = "batch frames channels height width"

/** A checkpoint as the bytes of a small safetensors file. */
export const encodeCheckpoint = (checkpoint: Checkpoint): Uint8Array => {
  const { request, state, random, image } = checkpoint
  const memory = Object.entries(state.memory).map(([name, tensor]) => [`memory.${name}`, tensor] as const)
  return encodeSafetensors(
    { sample: state.sample, ...Object.fromEntries(memory), ...(image === undefined ? {} : { image }) },
    {
      format,
      request: JSON.stringify({ ...request, seed: String(request.seed) }),
      denoiser: checkpoint.denoiser,
      sampler: checkpoint.sampler,
      index: String(state.index),
      begin: String(state.begin),
      random: JSON.stringify(random),
    },
  )
}

/** Reads what {@link encodeCheckpoint} wrote. Throws a {@link CheckpointError} that says what is wrong with it. */
export const decodeCheckpoint = (bytes: Uint8Array): Checkpoint => {
  const { tensors, metadata } = read(bytes)
  if (metadata?.["format"] !== format) {
    throw new CheckpointError({ message: `This is not a checkpoint of auteur: its format is "${metadata?.["format"] ?? "unknown"}", "${format}" is expected.` })
  }
  const latents = (name: string): Latents => {
    const tensor = tensors.get(name)
    if (tensor === undefined || tensor.dtype !== "float32" || tensor.shape.length !== 5) {
      throw new CheckpointError({ message: `The checkpoint has no latents "${name}": it is damaged, start again without it.` })
    }
    const shape = tensor.shape as [number, number, number, number, number]
    return Tensor.from(latentAxes, shape, tensor.data)
  }
  const memory = [...tensors.keys()].filter((name) => name.startsWith("memory."))
  const request = json(metadata, "request") as Omit<Checkpoint["request"], "seed"> & { readonly seed: string }
  return {
    request: { ...request, seed: toSeed(request.seed) },
    denoiser: field(metadata, "denoiser"),
    sampler: field(metadata, "sampler"),
    state: {
      index: toCount(metadata, "index"),
      begin: toCount(metadata, "begin"),
      sample: latents("sample"),
      memory: Object.fromEntries(memory.map((name) => [name.slice("memory.".length), latents(name)])),
    },
    random: toRandomState(json(metadata, "random")),
    image: tensors.has("image") ? latents("image") : undefined,
  }
}

const read = (bytes: Uint8Array): ReturnType<typeof decodeSafetensors> => {
  try {
    return decodeSafetensors(bytes)
  } catch (cause) {
    throw new CheckpointError({ message: `The checkpoint cannot be read: ${(cause as Error).message}` })
  }
}

const field = (metadata: Readonly<Record<string, string>>, name: string): string => {
  const value = metadata[name]
  if (value !== undefined) return value
  throw new CheckpointError({ message: `The checkpoint has no "${name}": it is damaged, start again without it.` })
}

const json = (metadata: Readonly<Record<string, string>>, name: string): unknown => {
  try {
    return JSON.parse(field(metadata, name))
  } catch {
    throw new CheckpointError({ message: `The checkpoint's "${name}" cannot be read: it is damaged, start again without it.` })
  }
}

const toCount = (metadata: Readonly<Record<string, string>>, name: string): number => {
  const value = Number(field(metadata, name))
  if (Number.isSafeInteger(value) && value >= 0) return value
  throw new CheckpointError({ message: `The checkpoint's "${name}" is ${value}, a count is expected: it is damaged, start again without it.` })
}

const toSeed = (seed: string): number | bigint => {
  const wide = BigInt(seed)
  return wide >= Number.MIN_SAFE_INTEGER && wide <= Number.MAX_SAFE_INTEGER ? Number(wide) : wide
}

const toRandomState = (state: unknown): RandomState => {
  try {
    return Random.restore(state as RandomState).save()
  } catch {
    throw new CheckpointError({ message: `The checkpoint's random state is damaged: start again without it.` })
  }
}
