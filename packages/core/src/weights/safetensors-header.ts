import { type SafetensorsDType, safetensorsFormats } from "./safetensors-dtype.ts"
import { SafetensorsError } from "./safetensors-error.ts"

const dtypeByName: ReadonlyMap<unknown, SafetensorsDType> = new Map(
  Object.entries(safetensorsFormats).map(([dtype, { name }]) => [name, dtype as SafetensorsDType]),
)

/** Where one tensor lies: bytes `begin … end − 1` counted from the header's `dataStart`. */
export interface SafetensorsEntry {
  readonly dtype: SafetensorsDType
  readonly shape: readonly number[]
  readonly begin: number
  readonly end: number
}

/** The contents of a safetensors file without the data. */
export interface SafetensorsHeader {
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>
  /** Bytes from the start of the file to the first tensor. */
  readonly dataStart: number
  readonly metadata: Readonly<Record<string, string>>
}

const lengthBytes = 8
const maxHeaderLength = 100_000_000

type JsonObject = { readonly [key: string]: unknown }

const isObject = (value: unknown): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

const isPlain = (value: unknown): boolean => typeof value !== "object" || value === null

/** A value as a message shows it; lists of lists and objects only by kind, since they may be nested without end. */
const show = (value: unknown): string => {
  if (isObject(value)) return "an object"
  if (Array.isArray(value) && !value.every(isPlain)) return "a list of lists or objects"
  const text = JSON.stringify(value) ?? "nothing"
  return text.length > 60 ? `${text.slice(0, 60)}…` : text
}

/**
 * The length of the header from the first 8 bytes of a file, so that a caller knows how much to read.
 *
 * A `SafetensorsError` when there are fewer than 8 bytes, or when the length is beyond the file or above 100 MB.
 */
export const safetensorsHeaderLength = (prefix: Uint8Array, fileSize: number): number => {
  if (prefix.length < lengthBytes || fileSize < lengthBytes) {
    throw SafetensorsError.of(
      `must begin with ${lengthBytes} bytes of header length, but has ${Math.min(prefix.length, fileSize)}`,
    )
  }
  const claimed = new DataView(prefix.buffer, prefix.byteOffset, lengthBytes).getBigUint64(0, true)
  if (claimed > BigInt(fileSize - lengthBytes)) {
    throw SafetensorsError.of(
      `claims a header of ${claimed} bytes, but is only ${fileSize} bytes long; it is cut off or of another format`,
    )
  }
  if (claimed > BigInt(maxHeaderLength)) {
    throw SafetensorsError.of(`claims a header of ${claimed} bytes; at most ${maxHeaderLength} are allowed`)
  }
  return Number(claimed)
}

const parseMetadata = (value: unknown): Readonly<Record<string, string>> => {
  if (value === undefined) return {}
  if (!isObject(value)) throw SafetensorsError.of(`has a "__metadata__" that is not an object but ${show(value)}`)
  const entries = Object.entries(value).map(([key, text]): [string, string] => {
    if (typeof text === "string") return [key, text]
    throw SafetensorsError.of(`has the metadata ${show(key)} with a value that is not a string but ${show(text)}`)
  })
  return Object.fromEntries(entries)
}

const parseEntry = (name: string, value: unknown, dataLength: number): SafetensorsEntry => {
  if (!isObject(value)) throw SafetensorsError.of(`must be described by an object; found ${show(value)}`, name)
  const { dtype: stored, shape, data_offsets: offsets } = value
  const dtype = dtypeByName.get(stored)
  if (dtype === undefined) {
    const known = [...dtypeByName.keys()].join(", ")
    throw SafetensorsError.of(`has the element type ${show(stored)}; known are ${known}`, name)
  }
  if (!Array.isArray(shape) || !shape.every(isCount)) {
    throw SafetensorsError.of(`has the shape ${show(shape)}; whole numbers of at least 0 are expected`, name)
  }
  if (!Array.isArray(offsets) || offsets.length !== 2 || !offsets.every(isCount)) {
    throw SafetensorsError.of(
      `has the data_offsets ${show(offsets)}; two whole numbers of at least 0 are expected`,
      name,
    )
  }
  const [begin, end] = offsets as [number, number]
  if (begin > end || end > dataLength) {
    throw SafetensorsError.of(`lies at bytes ${begin} to ${end}, but the file has ${dataLength} bytes of data`, name)
  }
  const expected = shape.reduce(
    (product: number, length: number) => product * length,
    safetensorsFormats[dtype].array.BYTES_PER_ELEMENT,
  )
  if (expected !== end - begin) {
    throw SafetensorsError.of(
      `needs ${expected} bytes for ${dtype} of shape [${shape.join(", ")}], but its data_offsets span ${end - begin}`,
      name,
    )
  }
  return { dtype, shape, begin, end }
}

/** Refuses tensors that overlap and bytes that belong to none, so that nothing can hide in a file. */
const checkCoverage = (tensors: ReadonlyMap<string, SafetensorsEntry>, dataLength: number): void => {
  const ordered = [...tensors].toSorted(([, a], [, b]) => a.begin - b.begin || a.end - b.end)
  let covered = 0
  for (const [name, { begin, end }] of ordered) {
    if (begin < covered)
      throw SafetensorsError.of(`begins at byte ${begin}, inside the tensor before it, which ends at ${covered}`, name)
    if (begin > covered)
      throw SafetensorsError.of(`begins at byte ${begin}, but the tensor before it ends at ${covered}`, name)
    covered = end
  }
  if (covered !== dataLength) {
    throw SafetensorsError.of(`has ${dataLength} bytes of data, but its tensors cover only ${covered}`)
  }
}

/** The first key that an object of a JSON text has twice: `JSON.parse` keeps the last of them without a word. */
const repeatedKey = (json: string): string | undefined => {
  const open: Array<Set<string>> = []
  for (const [token] of json.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"\s*:?|[{}[\]]/g)) {
    if (token === "{" || token === "[") open.push(new Set())
    else if (token === "}" || token === "]") open.pop()
    else if (token.endsWith(":")) {
      const key = JSON.parse(token.slice(0, token.lastIndexOf('"') + 1)) as string
      const keys = open.at(-1)!
      if (keys.has(key)) return key
      keys.add(key)
    }
  }
  return undefined
}

/**
 * Reads and checks a safetensors header from the first bytes of a file of `fileSize` bytes.
 *
 * `prefix` must hold at least the 8 length bytes and the header (see `safetensorsHeaderLength`); it is not needed beyond them.
 * A `SafetensorsError`, naming the tensor at fault, for anything that does not follow the format: nothing is repaired.
 */
export const readSafetensorsHeader = (prefix: Uint8Array, fileSize: number): SafetensorsHeader => {
  const dataStart = lengthBytes + safetensorsHeaderLength(prefix, fileSize)
  if (prefix.length < dataStart) {
    throw SafetensorsError.of(`has a header that ends at byte ${dataStart}, but only ${prefix.length} bytes were read`)
  }
  let header: unknown
  let twice: string | undefined
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(prefix.subarray(lengthBytes, dataStart))
    header = JSON.parse(text)
    twice = repeatedKey(text)
  } catch {
    throw SafetensorsError.of("has a header that is not JSON; the file is damaged or of another format")
  }
  if (twice !== undefined) throw SafetensorsError.of(`has a header with the key ${show(twice)} twice in one object`)
  if (!isObject(header)) throw SafetensorsError.of(`has a header that is not an object but ${show(header)}`)
  const dataLength = fileSize - dataStart
  const tensors = new Map<string, SafetensorsEntry>()
  for (const [name, value] of Object.entries(header)) {
    if (name !== "__metadata__") tensors.set(name, parseEntry(name, value, dataLength))
  }
  checkCoverage(tensors, dataLength)
  return { tensors, dataStart, metadata: parseMetadata(header["__metadata__"]) }
}
