import { type FileHandle, readdir } from "node:fs/promises"
import { join } from "node:path"
import {
  ModelError,
  readSafetensorsHeader,
  SafetensorsError,
  type SafetensorsHeader,
  safetensorsHeaderLength,
} from "@auteur/core"
import type * as Effect from "effect/Effect"
import { quantizationOfTensors, refuseQuantized } from "./quantization.ts"
import { attempt, decodeText, openRegular, parseJson, readBytes, readJson, unreadable } from "./read-file.ts"

/** The weights of a component: found, their headers checked, their values not read. */
export interface WeightFiles {
  /** The file, or the index that names the shards: what messages call the weights. */
  readonly source: string
  readonly files: ReadonlyArray<string>
  /** A sentence where files lie beside them that look as if they were meant. */
  readonly notice?: string
}

export type WeightChoice =
  | { readonly kind: "file" | "index"; readonly name: string; readonly unused: string | undefined }
  /** It is unclear which of these are meant. */
  | { readonly kind: "several"; readonly names: ReadonlyArray<string> }

// `model.safetensors`, and with a variant's name `model.bf16.safetensors`.
const single = /^(?:diffusion_pytorch_model|model)(?:\.([\w-]+))?\.safetensors$/
// The variant of an index is written in one of three places, depending on the library's age.
const index =
  /^(?:diffusion_pytorch_model|model)(?:\.([\w-]+))?\.safetensors(?:\.([\w-]+))?\.index(?:\.([\w-]+))?\.json$/
const shard = /-\d{5}-of-\d{5}$/
const preferred = ["", "fp32", "bf16", "fp16"]

/**
 * Chooses a component's weights among the names of its files, as `from_pretrained` does: in diffusers an index wins over a single
 * file beside it, in transformers (`model.safetensors`) the single file. A variant is chosen only where there is nothing else.
 */
export const chooseWeights = (names: Iterable<string>): WeightChoice | undefined => {
  const variants = new Map<string, { readonly file: Array<string>; readonly index: Array<string> }>()
  for (const name of [...names].toSorted()) {
    const [, variant = ""] = single.exec(name) ?? []
    const [isIndex, ...places] = index.exec(name) ?? []
    if (isIndex === undefined && (!single.test(name) || shard.test(variant))) continue
    const key = isIndex === undefined ? variant : places.filter((place) => place !== undefined).join(".")
    const found = variants.get(key) ?? { file: [], index: [] }
    found[isIndex === undefined ? "file" : "index"].push(name)
    variants.set(key, found)
  }
  const variant = preferred.find((name) => variants.has(name))
  const chosen = variant === undefined ? [...variants.values()] : [variants.get(variant)!]
  if (chosen.length === 0) return undefined
  const isOf = (name: string) =>
    chosen.some(({ file, index }) => [...file, ...index].some((other) => other.startsWith(name)))
  const order = isOf("diffusion_pytorch_model.") ? (["index", "file"] as const) : (["file", "index"] as const)
  const kind = order.find((kind) => chosen.some((names) => names[kind].length > 0))!
  const candidates = chosen.length === 1 ? chosen[0]![kind] : chosen.flatMap(({ file, index }) => [...index, ...file])
  if (candidates.length > 1) return { kind: "several", names: candidates }
  return { kind, name: candidates[0]!, unused: chosen[0]![kind === "file" ? "index" : "file"][0] }
}

/** The shard of each tensor by a `.safetensors.index.json`; a string says what is wrong with it. */
export const readWeightMap = (content: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> | string => {
  const map = content["weight_map"]
  if (typeof map !== "object" || map === null || Array.isArray(map) || Object.keys(map).length === 0) {
    return 'has no "weight_map" from tensor names to files'
  }
  const entries = Object.entries(map as Record<string, unknown>)
  for (const [tensor, file] of entries) {
    // A path could lead out of the model's folder.
    if (typeof file !== "string" || !/^[\w-][\w.-]*\.safetensors$/.test(file)) {
      return `gives the tensor ${JSON.stringify(tensor)} the file ${JSON.stringify(file)}, which is not the name of a .safetensors file`
    }
  }
  return new Map(entries as Array<[string, string]>)
}

/**
 * Finds the weights in a component's folder by the rules of diffusers and transformers, and checks the headers of their files.
 *
 * A `ModelError` names the file that is missing, quantized, damaged or only a pointer of Git LFS.
 */
export const findWeights = (folder: string): Effect.Effect<WeightFiles, ModelError> => attempt(() => weightsIn(folder))

/** {@link findWeights} as a promise that rejects with a {@link ModelError}. */
export const weightsIn = async (folder: string): Promise<WeightFiles> => {
  const names = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause)
  })
  const choice = chooseWeights(names)
  if (choice === undefined) throw noWeights(folder, names)
  if (choice.kind === "several") throw severalSets(folder, choice.names)
  const source = join(folder, choice.name)
  if (choice.unused === undefined) {
    if (choice.kind === "index") return { source, files: await checkIndex(folder, source, undefined) }
    await checkFile(source)
    return { source, files: [source] }
  }
  const [file, index] = choice.kind === "file" ? [choice.name, choice.unused] : [choice.unused, choice.name]
  const map = readWeightMap(await readJson(join(folder, index)))
  const shards = typeof map === "string" ? [] : [...new Set(map.values())]
  // A later save as one file leaves the index and removes the shards.
  const isLeft = shards.length > 0 && !shards.some((shard) => names.includes(shard))
  if (choice.kind === "index" && !isLeft) {
    return { source, files: await checkIndex(folder, source, file), notice: passedOver(folder, index, file) }
  }
  // With all shards there, nothing tells which is newer: transformers leaves an old file beside them, and reads it.
  if (shards.length > 0 && shards.every((shard) => names.includes(shard))) throw severalSets(folder, [file, index])
  await checkFile(join(folder, file))
  return { source: join(folder, file), files: [join(folder, file)], notice: passedOver(folder, file, index) }
}

const passedOver = (folder: string, used: string, unused: string): string =>
  `${folder} holds ${used} and ${unused}: ${used} is used.`

const severalSets = (folder: string, names: ReadonlyArray<string>): ModelError =>
  new ModelError({ message: `${folder} holds several sets of weights (${names.join(", ")}): remove all but one.` })

const noWeights = (folder: string, names: ReadonlyArray<string>): ModelError => {
  const expected = `${folder} holds no diffusion_pytorch_model.safetensors, model.safetensors or index of shards`
  const visible = names.filter((name) => !name.startsWith("."))
  const pickle = visible.find((name) => /\.(bin|pt|pth|ckpt)$/.test(name))
  const gguf = visible.find((name) => name.endsWith(".gguf"))
  const other = visible.find((name) => name.endsWith(".safetensors"))
  const fix =
    pickle !== undefined
      ? `${pickle} is in a format that can run code when it is read; save the model as safetensors`
      : gguf !== undefined
        ? `${gguf} is a GGUF file, whose quantized weights cannot be run; take the component in 16 bits`
        : other === undefined
          ? "download the model again"
          : /-\d+-of-\d+\.safetensors$/.test(other)
            ? `${other} is a shard without its index; download the index too`
            : `if ${other} holds its weights, rename it to one of these`
  return new ModelError({ message: `${expected}: ${fix}.` })
}

/** The shards of an index, whose headers together hold every tensor that it lists. */
const checkIndex = async (folder: string, path: string, single: string | undefined): Promise<ReadonlyArray<string>> => {
  const bytes = await readBytes(path)
  const map = readWeightMap(parseJson(path, bytes))
  if (typeof map === "string") throw new ModelError({ message: `The index ${path} ${map}: download it again.` })
  const twice = repeatedKey(decodeText(bytes))
  if (twice !== undefined && map.has(twice)) {
    throw new ModelError({ message: `The index ${path} lists the tensor "${twice}" twice: download it again.` })
  }
  const shards = [...new Set(map.values())]
  const holders = new Map<string, string>()
  for (const name of shards) {
    const header = await checkFile(join(folder, name)).catch((error: unknown) => {
      if (single === undefined || !(error instanceof ModelError)) throw error
      throw new ModelError({ message: `${error.message.slice(0, -1)}; if ${single} is the model, remove ${path}.` })
    })
    for (const tensor of header.tensors.keys()) {
      const other = holders.get(tensor)
      if (other !== undefined) {
        throw new ModelError({
          message: `The shards ${other} and ${name} of ${path} both hold the tensor "${tensor}": download the model again.`,
        })
      }
      holders.set(tensor, name)
    }
  }
  for (const [tensor, name] of map) {
    if (holders.has(tensor)) continue
    throw new ModelError({
      message: `${join(folder, name)} lacks the tensor "${tensor}", which the index says it holds: download it again.`,
    })
  }
  return shards.map((name) => join(folder, name))
}

/** `JSON.parse` keeps the last of equal keys and says nothing. */
const repeatedKey = (text: string): string | undefined => {
  const seen = new Set<string>()
  for (const [, key] of text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)) {
    if (seen.has(key!)) return key
    seen.add(key!)
  }
  return undefined
}

/** The header of a `.safetensors` file that is whole; rejects with a {@link ModelError} that says what is wrong with another. */
const checkFile = async (path: string): Promise<SafetensorsHeader> => {
  const file = await openRegular(path)
  try {
    const { size } = await file.stat()
    const start = await readStart(file, 8)
    if (start.toString("latin1") === "version ") {
      throw new ModelError({
        message: `${path} is a Git LFS pointer, not the weights themselves: fetch them with \`git lfs pull\` or \`auteur models pull\`.`,
      })
    }
    const header = readSafetensorsHeader(await readStart(file, 8 + safetensorsHeaderLength(start, size)), size)
    refuseQuantized(path, quantizationOfTensors(header))
    return header
  } catch (cause) {
    if (!(cause instanceof SafetensorsError)) throw unreadable(path, cause)
    const problem = cause.message.charAt(0).toLowerCase() + cause.message.slice(1, -1)
    throw new ModelError({ message: `${path} is unusable: ${problem}; download it again.` })
  } finally {
    await file.close()
  }
}

const readStart = async (file: FileHandle, length: number): Promise<Buffer> => {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, 0)
  return buffer.subarray(0, bytesRead)
}
