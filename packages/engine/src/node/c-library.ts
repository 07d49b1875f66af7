import { fileURLToPath } from "node:url"

type CType = "buffer" | "i32" | "u64"
type CFunction = (...values: ReadonlyArray<Uint8Array | number | bigint>) => number
type Definitions = Readonly<Record<string, Readonly<Record<string, CType | ReadonlyArray<CType>>>>>

/**
 * A function of the C library that returns an int; rejects where the runtime cannot call one, as Node before 26.
 *
 * It is found through the native binding of ONNX Runtime, which links to that library and which Deno permits in any case.
 */
export const cFunction = async (name: string, types: ReadonlyArray<CType>): Promise<CFunction> => {
  const binding = `../bin/napi-v6/${process.platform}/${process.arch}/onnxruntime_binding.node`
  const path = fileURLToPath(new URL(binding, import.meta.resolve("onnxruntime-node")))
  const { Deno } = globalThis as { Deno?: Ffi<"symbols"> }
  if (Deno !== undefined) return Deno.dlopen(path, { [name]: { parameters: types, result: "i32" } }).symbols[name]!
  if (process.versions.bun !== undefined) {
    const ffi = (await import(moduleName("bun"))) as Ffi<"symbols">
    return ffi.dlopen(path, { [name]: { args: types, returns: "i32" } }).symbols[name]!
  }
  const ffi = await withoutWarnings(async () => (await import(moduleName("node"))) as Ffi<"functions">)
  const library = ffi.dlopen(path, { [name]: { arguments: types, return: "i32" } })
  // It would be closed when it is collected.
  libraries.push(library)
  return library.functions[name]!
}

interface Ffi<Field extends string> {
  readonly dlopen: (
    path: string,
    definitions: Definitions,
  ) => Readonly<Record<Field, Readonly<Record<string, CFunction>>>>
}

const libraries: Array<unknown> = []

/** Built at run time, as neither types nor bundlers know both. */
const moduleName = (runtime: string): string => `${runtime}:ffi`

/** Node warns that its module may change; whoever uses auteur cannot do anything about it. */
const withoutWarnings = async <A>(run: () => Promise<A>): Promise<A> => {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return await run()
  } finally {
    process.emitWarning = emitWarning
  }
}

let trim: Promise<CFunction | undefined> | undefined

/** Gives memory that was freed back to the system, which glibc keeps by default; nothing elsewhere. */
export const trimMemory = async (): Promise<void> => {
  trim ??= cFunction("malloc_trim", ["u64"]).catch(() => undefined)
  ;(await trim)?.(0n)
}
