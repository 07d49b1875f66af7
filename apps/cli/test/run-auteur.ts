import { type ChildProcess, spawn, type SpawnOptions } from "node:child_process"
import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, beforeAll, expect } from "vitest"

export interface Result {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
}

// What `npm start` runs.
const start = fileURLToPath(new URL("../../../scripts/start.mjs", import.meta.url))

/** Runs the command as a person does; `watch` sees what it has printed on stderr so far. */
export const auteur = (
  args: ReadonlyArray<string>,
  { node = [], ...options }: SpawnOptions & { readonly node?: ReadonlyArray<string> } = {},
  watch?: (printed: string, process: ChildProcess) => void,
  begun?: (process: ChildProcess) => void,
): Promise<Result> =>
  new Promise((resolve) => {
    const child = spawn(process.execPath, [...node, start, ...args], { stdio: ["ignore", "pipe", "pipe"], ...options })
    let output = ""
    let errors = ""
    child.stdout?.on("data", (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stderr?.on("data", (chunk: Buffer) => {
      errors += chunk.toString()
      watch?.(errors, child)
    })
    begun?.(child)
    child.on("close", (code, signal) => resolve({ code, signal, output, errors }))
  })

/** A folder of the tests of a file, which is removed after them. */
export const temporaryFolder = (): { readonly path: () => string; readonly file: (name: string) => string } => {
  let path = ""
  beforeAll(async () => {
    path = await mkdtemp(join(tmpdir(), "auteur-cli-"))
  })
  afterAll(() => rm(path, { recursive: true }))
  return { path: () => path, file: (name) => join(path, name) }
}

/** No stack, no abort of native code, and few lines. */
export const expectClearErrors = (errors: string): void => {
  expect(errors).not.toMatch(/\n\s+at |terminate called|Aborted|libc\+\+|FATAL/)
  expect(errors.trim().split("\n").length).toBeLessThanOrEqual(8)
}
