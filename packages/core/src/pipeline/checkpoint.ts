import type { ComponentStates } from "./predict.ts"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { isDType } from "../tensor/dtype.ts"
import { CheckpointError } from "../services/errors.ts"
import { Random, type RandomState } from "../random/random.ts"
import { type PipelineRequest, VideoRequest } from "./video-request.ts"
import type { ComponentState } from "../services/component-state.ts"
import { decodeSafetensors, encodeSafetensors } from "../weights/safetensors.ts"
import type { SamplerState } from "../services/sampler.ts"
import { type Latents, Tensor } from "../tensor/tensor.ts"

/** A run after one of its steps: enough to continue it bit for bit. */
export interface Checkpoint {
  /** The request with its lengths written out and without its pictures: what they gave is in `state` and `image`. */
  readonly request: Omit<PipelineRequest, "image" | "video">
  /** The model, the sampler and the guidance that made it, so that no others continue it. */
  readonly denoiser: string
  readonly sampler: string
  readonly guidance: string
  /** The editor, where one made the steps. */
  readonly editor: string | undefined
  readonly state: SamplerState
  /** What the network and the guidance keep from step to step. */
  readonly componentStates: ComponentStates
  readonly random: RandomState
  /** Image latents of image-to-video. */
  readonly image: Latents | undefined
}

const format = "auteur-checkpoint-2"
const stateful = ["denoiser", "guidance"] as const
const latentAxes = "batch frames channels height width"

const decodeRequest = Schema.decodeUnknownResult(Schema.fromJsonString(VideoRequest))
const encodeRequest = Schema.encodeSync(Schema.fromJsonString(VideoRequest))
const decodeAxes = Schema.decodeUnknownResult(Schema.Record(Schema.String, Schema.String))

/**
 * A checkpoint as the bytes of a small safetensors file.
 *
 * `note` is a text of the caller's own, such as where the video is to be written; {@link readCheckpointNote} gives it back.
 */
export const encodeCheckpoint = (checkpoint: Checkpoint, note?: string): Uint8Array => {
  const { request, state, random, image, componentStates } = checkpoint
  const kept = Object.entries(state.history).map(([name, tensor]) => [`history.${name}`, tensor.contiguous()] as const)
  const ofParts = stateful.flatMap((part) =>
    [...componentStates[part]].map(
      ([name, tensor]) => [`${part}.${name}`, (tensor as Tensor<string>).contiguous()] as const,
    ),
  )
  return encodeSafetensors(
    {
      sample: state.sample.contiguous(),
      ...Object.fromEntries([...kept, ...ofParts]),
      ...(image === undefined ? {} : { image: image.contiguous() }),
    },
    {
      format,
      request: encodeRequest(request),
      denoiser: checkpoint.denoiser,
      sampler: checkpoint.sampler,
      guidance: checkpoint.guidance,
      ...(checkpoint.editor === undefined ? {} : { editor: checkpoint.editor }),
      axes: JSON.stringify(Object.fromEntries(ofParts.map(([name, { layout }]) => [name, layout]))),
      index: String(state.index),
      beginIndex: String(state.beginIndex),
      random: JSON.stringify(random),
      ...(note === undefined ? {} : { note }),
    },
  )
}

/** The text that {@link encodeCheckpoint} was given for its caller. Throws a {@link CheckpointError} as {@link decodeCheckpoint}. */
export const readCheckpointNote = (bytes: Uint8Array): string | undefined => read(bytes).metadata["note"]

/** Reads what {@link encodeCheckpoint} wrote. Throws a {@link CheckpointError} that says what is wrong with it. */
export const decodeCheckpoint = (bytes: Uint8Array): Checkpoint => {
  const { tensors, metadata } = read(bytes)
  if (metadata["format"] !== format) {
    throw new CheckpointError({
      message: `This is not a checkpoint of auteur: its format is "${metadata["format"] ?? "unknown"}", "${format}" is expected.`,
    })
  }
  const latents = (name: string): Latents => {
    const tensor = tensors.get(name)
    if (tensor === undefined || tensor.dtype !== "float32" || tensor.shape.length !== 5) {
      throw damaged(`has no latents "${name}"`)
    }
    const shape = tensor.shape as [number, number, number, number, number]
    return Tensor.from(latentAxes, shape, tensor.data)
  }
  const axes = toAxes(json(metadata, "axes"))
  const history = [...tensors.keys()].filter((name) => name.startsWith("history."))
  return {
    request: toRequest(field(metadata, "request")),
    denoiser: field(metadata, "denoiser"),
    sampler: field(metadata, "sampler"),
    guidance: field(metadata, "guidance"),
    editor: metadata["editor"],
    state: {
      index: toCount(metadata, "index"),
      beginIndex: toCount(metadata, "beginIndex"),
      sample: latents("sample"),
      history: Object.fromEntries(history.map((name) => [name.slice("history.".length), latents(name)])),
    },
    componentStates: {
      denoiser: partMemory(tensors, axes, "denoiser"),
      guidance: partMemory(tensors, axes, "guidance"),
    },
    random: toRandomState(json(metadata, "random")),
    image: tensors.has("image") ? latents("image") : undefined,
  }
}

const partMemory = (
  tensors: ReturnType<typeof decodeSafetensors>["tensors"],
  axes: Readonly<Record<string, string>>,
  part: string,
): ComponentState =>
  new Map(
    [...tensors].flatMap(([name, { dtype, shape, data }]) => {
      if (!name.startsWith(`${part}.`)) return []
      const layout = axes[name]
      if (!isDType(dtype) || layout === undefined || layout.split(" ").filter(Boolean).length !== shape.length) {
        throw damaged(`has a tensor "${name}" of unknown type or axes`)
      }
      try {
        return [[name.slice(part.length + 1), Tensor.from(layout, shape as never, data as never, dtype)] as const]
      } catch (cause) {
        throw damaged(`has a tensor "${name}" that is none (${(cause as Error).message})`)
      }
    }),
  )

const toAxes = (value: unknown): Readonly<Record<string, string>> => {
  const decoded = decodeAxes(value)
  if (Result.isSuccess(decoded)) return decoded.success
  throw damaged("has axes that are none")
}

const read = (bytes: Uint8Array): ReturnType<typeof decodeSafetensors> => {
  try {
    return decodeSafetensors(bytes)
  } catch (cause) {
    throw damaged(`cannot be read (${(cause as Error).message})`)
  }
}

const field = (metadata: Readonly<Record<string, string>>, name: string): string => {
  const value = metadata[name]
  if (value !== undefined) return value
  throw damaged(`has no "${name}"`)
}

const json = (metadata: Readonly<Record<string, string>>, name: string): unknown => {
  const text = field(metadata, name)
  try {
    return JSON.parse(text)
  } catch {
    throw damaged(`has a "${name}" that is not JSON`)
  }
}

const toCount = (metadata: Readonly<Record<string, string>>, name: string): number => {
  const text = field(metadata, name)
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw damaged(`has the "${name}" "${text}", but a count is expected`)
}

const toRequest = (text: string): Checkpoint["request"] => {
  const decoded = decodeRequest(text)
  if (Result.isSuccess(decoded)) {
    const { image: _image, video: _video, steps, guidanceScale, ...rest } = decoded.success
    if (steps !== undefined && guidanceScale !== undefined) return { ...rest, steps, guidanceScale }
  }
  throw damaged("has a request with missing or odd settings")
}

const toRandomState = (state: unknown): RandomState => {
  try {
    return Random.restore(state as RandomState).save()
  } catch {
    throw damaged("has a random state that is none")
  }
}

const damaged = (what: string): CheckpointError =>
  new CheckpointError({ message: `The checkpoint ${what}: it is damaged, start again without it.` })
