import { type ChildProcess, spawn } from "node:child_process"
import type { InstalledRuntime } from "./installed.ts"

export interface Ended {
  readonly code: number | null
  readonly signal: string | null
  readonly output: string
  readonly errors: string
}

export interface ProgramOptions {
  readonly cwd: string
  /** Variables to set, or to leave out. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** Sees what was printed on stderr so far. */
  readonly watch?: (errors: string, child: ChildProcess) => void
}

/** Runs a program and waits for its end. */
export const runProgram = (
  program: string,
  words: ReadonlyArray<string>,
  { cwd, env = {}, watch }: ProgramOptions,
): Promise<Ended> =>
  new Promise((resolve, reject) => {
    const child = spawn(program, words, {
      cwd,
      env: { ...process.env, NO_COLOR: "1", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    })
    let [output, errors] = ["", ""]
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString()
    })
    child.stderr.on("data", (chunk: Buffer) => {
      errors += chunk.toString()
      watch?.(errors, child)
    })
    child.on("error", reject)
    child.on("close", (code, signal) => resolve({ code, signal, output, errors }))
  })

export interface RunOptions extends ProgramOptions {
  /** Deno's permissions; all by default. */
  readonly permissions?: ReadonlyArray<string>
}

/** Runs a source file, given with its arguments, on a runtime. */
export const runOn = (
  { name, program, before }: InstalledRuntime,
  words: ReadonlyArray<string>,
  { permissions = ["--allow-all"], ...options }: RunOptions,
): Promise<Ended> => runProgram(program, [...before, ...(name === "Deno" ? permissions : []), ...words], options)
