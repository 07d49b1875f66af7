import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { Random, type RandomState } from "../random/random.ts"
import type { ComponentState, ComponentStates } from "../services/component-state.ts"
import { CheckpointError } from "../services/errors.ts"
import type { SamplerState } from "../services/sampler.ts"
import { isDType } from "../tensor/dtype.ts"
import { type AnyTensor, type Latents, Tensor } from "../tensor/tensor.ts"
import { crc32 } from "../weights/crc32.ts"
import { decodeSafetensors, encodeSafetensors } from "../weights/safetensors.ts"
import type { GivenEmbeddings, RunRequest } from "./pipeline-request.ts"
import { VideoRequest } from "./video-request.ts"

/** A run after one of its steps: enough to continue it bit for bit. */
export interface Checkpoint {
  /** The request with its lengths written out and without its tensors: they are in `state`, `image` and `given`. */
  readonly request: RunRequest
  /** Identifies the model that made it, where the run was told; see `RunOptions.modelHash`. */
  readonly modelHash: string | undefined
  /** The names of the model, the sampler, the guidance and, where one makes the steps, the editor, so that no others continue it. */
  readonly denoiser: string
  readonly sampler: string
  readonly guidance: string
  readonly editor: string | undefined
  readonly state: SamplerState
  readonly componentStates: ComponentStates
  readonly random: RandomState
  /** Image latents of image-to-video. */
  readonly image: Latents | undefined
  /** Embeddings that the request gave in place of encoded prompts. */
  readonly given: GivenEmbeddings
}

const format = "auteur-checkpoint-2"
const stateful = ["denoiser", "guidance"] as const
const embeddings = ["promptEmbeddings", "negativePromptEmbeddings"] as const
const latentAxes = "batch frames channels height width"

const decodeRequest = Schema.decodeUnknownResult(Schema.fromJsonString(VideoRequest))
const encodeRequest = Schema.encodeSync(Schema.fromJsonString(VideoRequest))
const decodeAxes = Schema.decodeUnknownResult(Schema.Record(Schema.String, Schema.String))

/**
 * A checkpoint as the bytes of a small safetensors file, with a checksum over all of them.
 *
 * `note` is a text of the caller's own, such as where the video is to be written; {@link readCheckpointNote} gives it back.
 */
export const encodeCheckpoint = (checkpoint: Checkpoint, note?: string): Uint8Array => {
  const { request, modelHash, editor, state, random, image, componentStates, given } = checkpoint
  const own = stateful.flatMap((component) =>
    [...componentStates[component]].map(([name, tensor]) => [`${component}.${name}`, tensor] as const),
  )
  const tensors: ReadonlyArray<readonly [string, AnyTensor | undefined]> = [
    ["sample", state.sample],
    ...Object.entries(state.history).map(([name, tensor]) => [`history.${name}`, tensor] as const),
    ...own,
    ["image", image],
    ...embeddings.map((name) => [name, given[name]] as const),
  ]
  const texts = {
    format,
    checksum: noChecksum,
    request: encodeRequest(request),
    modelHash,
    denoiser: checkpoint.denoiser,
    sampler: checkpoint.sampler,
    guidance: checkpoint.guidance,
    editor,
    axes: JSON.stringify(Object.fromEntries(own.map(([name, { layout }]) => [name, layout]))),
    index: String(state.index),
    beginIndex: String(state.beginIndex),
    random: JSON.stringify(random),
    note,
  }
  return sealCheckpoint(
    encodeSafetensors(
      Object.fromEntries(
        tensors.flatMap(([name, tensor]) =>
          tensor === undefined ? [] : [[name, (tensor as Tensor<string>).contiguous()] as const],
        ),
      ),
      Object.fromEntries(Object.entries(texts).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    ),
  )
}

/** The text that {@link encodeCheckpoint} was given for its caller. Throws a {@link CheckpointError} as {@link decodeCheckpoint}. */
export const readCheckpointNote = (bytes: Uint8Array): string | undefined => read(bytes).metadata["note"]

/** Reads what {@link encodeCheckpoint} wrote. Throws a {@link CheckpointError} that says what is wrong with it. */
export const decodeCheckpoint = (bytes: Uint8Array): Checkpoint => {
  const { tensors, metadata } = read(bytes)
  const text = (name: string): string => metadata[name] ?? damaged(`has no "${name}"`)
  const count = (name: string): number =>
    /^\d{1,15}$/.test(text(name)) ? Number(text(name)) : damaged(`has the "${name}" "${text(name)}"`)
  const tensor = <const Axes extends string>(name: string, axes: Axes, found = tensors.get(name)): Tensor<Axes> => {
    if (found?.dtype !== "float32" || found.shape.length !== axes.split(" ").length) damaged(`has no tensor "${name}"`)
    return Tensor.from(axes, found.shape as never, found.data)
  }
  const optional = <const Axes extends string>(name: string, axes: Axes): Tensor<Axes> | undefined =>
    tensors.has(name) ? tensor(name, axes) : undefined
  const under = (prefix: string) => [...tensors].filter(([name]) => name.startsWith(prefix))

  const axes = Result.getOrElse(decodeAxes(json("axes", text("axes"))), () => damaged("has odd axes"))
  const stateOf = (component: string): ComponentState =>
    new Map(
      under(`${component}.`).map(([name, { dtype, shape, data }]) => {
        const layout = axes[name]
        if (!isDType(dtype) || layout?.split(" ").filter(Boolean).length !== shape.length) {
          return damaged(`has a tensor "${name}" of unknown type or axes`)
        }
        try {
          return [name.slice(component.length + 1), Tensor.from(layout, shape as never, data as never, dtype)] as const
        } catch (cause) {
          return damaged(`has an odd tensor "${name}" (${(cause as Error).message})`)
        }
      }),
    )
  const given = embeddings.map((name) => [name, optional(name, "batch tokens features")] as const)
  return {
    request: toRequest(text("request")),
    modelHash: metadata["modelHash"],
    denoiser: text("denoiser"),
    sampler: text("sampler"),
    guidance: text("guidance"),
    editor: metadata["editor"],
    state: {
      index: count("index"),
      beginIndex: count("beginIndex"),
      sample: tensor("sample", latentAxes),
      history: Object.fromEntries(
        under("history.").map(([name]) => [name.slice("history.".length), tensor(name, latentAxes)]),
      ),
    },
    componentStates: { denoiser: stateOf("denoiser"), guidance: stateOf("guidance") },
    random: toRandomState(json("random", text("random"))),
    image: optional("image", latentAxes),
    given: Object.fromEntries(given.filter(([, tensor]) => tensor !== undefined)),
  }
}

const read = (bytes: Uint8Array): ReturnType<typeof decodeSafetensors> => {
  let file: ReturnType<typeof decodeSafetensors>
  try {
    file = decodeSafetensors(bytes)
  } catch (cause) {
    return damaged(`cannot be read (${(cause as Error).message})`)
  }
  const { checksum, format: found = "unknown" } = file.metadata
  if (checksum === undefined && found !== format) {
    throw new CheckpointError({
      message: `This is not a checkpoint of auteur: its format is "${found}", "${format}" is expected.`,
    })
  }
  if (checksum !== checksumOf(bytes)) damaged("has changed since it was written")
  if (found === format) return file
  throw new CheckpointError({
    message: `The checkpoint has the format "${found}", "${format}" is expected: resume it with the version of auteur that wrote it.`,
  })
}

const noChecksum = "00000000"

/** Writes the checksum of a file in which it is all zeros. */
export const sealCheckpoint = (bytes: Uint8Array): Uint8Array => {
  bytes.set(new TextEncoder().encode(checksumOf(bytes)), checksumAt(bytes))
  return bytes
}

/** The checksum of a file as its metadata has it: eight hexadecimal digits, taken as zeros. */
const checksumOf = (bytes: Uint8Array): string => {
  const at = checksumAt(bytes)
  let crc = crc32(bytes.subarray(0, at))
  crc = crc32(new TextEncoder().encode(noChecksum), crc)
  return crc32(bytes.subarray(at + noChecksum.length), crc)
    .toString(16)
    .padStart(8, "0")
}

/** The place of the checksum in the file; a quote inside of a text has a backslash before it, so the key is found nowhere else. */
const checksumAt = (bytes: Uint8Array): number => {
  const key = '"checksum":"'
  const headerLength = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true))
  return 8 + new TextDecoder("latin1").decode(bytes.subarray(8, 8 + headerLength)).indexOf(key) + key.length
}

const json = (name: string, text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return damaged(`has a "${name}" that is not JSON`)
  }
}

const toRequest = (text: string): RunRequest => {
  const decoded = decodeRequest(text)
  if (Result.isSuccess(decoded)) {
    const { image: _image, video: _video, steps, guidanceScale, ...rest } = decoded.success
    if (steps !== undefined && guidanceScale !== undefined) return { ...rest, steps, guidanceScale }
  }
  return damaged("has a request with missing or odd settings")
}

const toRandomState = (state: unknown): RandomState => {
  try {
    return Random.restore(state as RandomState).save()
  } catch {
    return damaged("has an odd random state")
  }
}

function damaged(what: string): never {
  throw new CheckpointError({ message: `The checkpoint ${what}: it is damaged, start again without it.` })
}
