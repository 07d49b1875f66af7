import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { decodeSafetensors, type DecodedTensor } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { ParityError } from "./parity-error.ts"

export type Json = Readonly<Record<string, unknown>>

/** A folder of reference values, with the files in it. */
export interface CaseFolder {
  readonly path: string
  /** Names of its files. */
  readonly files: ReadonlySet<string>
  /** Names of its folders. */
  readonly folders: ReadonlySet<string>
}

export type Tensors = ReadonlyMap<string, DecodedTensor>

export const readBytes = (path: string): Effect.Effect<Uint8Array, ParityError> =>
  Effect.tryPromise({
    try: async () => new Uint8Array(await readFile(path)),
    catch: (error) =>
      new ParityError({
        message:
          (error as NodeJS.ErrnoException).code === "ENOENT"
            ? `${path} is missing.`
            : `${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`,
      }),
  })

/** A file that holds a JSON object. */
export const readJson: (path: string) => Effect.Effect<Json, ParityError> = Effect.fnUntraced(function* (path) {
  const text = new TextDecoder().decode(yield* readBytes(path))
  const json = yield* Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => new ParityError({ message: `${path} is not valid JSON.` }),
  })
  if (Predicate.isObject(json)) return json as Json
  return yield* new ParityError({ message: `${path} does not hold a JSON object.` })
})

/** The tensors of a case: `in.*` are what the reference was given, `out.*` what it answered. */
export const readTensors: (folder: CaseFolder) => Effect.Effect<Tensors, ParityError> = Effect.fnUntraced(
  function* (folder) {
    const path = join(folder.path, "io.safetensors")
    const bytes = yield* readBytes(path)
    return yield* Effect.try({
      try: () => decodeSafetensors(bytes).tensors,
      catch: (error) => new ParityError({ message: `${path} cannot be read: ${(error as Error).message}` }),
    })
  },
)

/** A tensor of a case as float32, whatever its type. */
export const floats: (tensors: Tensors, name: string) => Effect.Effect<HostFloats, ParityError> = Effect.fnUntraced(
  function* (tensors, name) {
    const tensor = tensors.get(name)
    if (tensor === undefined) return yield* new ParityError({ message: `io.safetensors has no tensor "${name}".` })
    return { shape: tensor.shape, data: Float32Array.from(tensor.data as ArrayLike<number | bigint>, Number) }
  },
)

export interface HostFloats {
  readonly shape: ReadonlyArray<number>
  readonly data: Float32Array
}
