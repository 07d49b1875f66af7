import { spawn } from "node:child_process"
import { readFileSync } from "node:fs"
import { basename } from "node:path"
import { BenchError } from "../bench-error.ts"

export interface ProcessFigures {
  readonly output: string
  /** From the start of the process to its end. */
  readonly seconds: number
  /** Peak resident memory; null where the system does not report it. */
  readonly peakBytes: number | null
}

const pollMilliseconds = 50

/**
 * Runs a command to its end; undefined when it was stopped because it took longer than the limit, a {@link BenchError} with what
 * it printed when it fails.
 */
export const measureProcess = (
  command: ReadonlyArray<string>,
  env: Readonly<Record<string, string>>,
  limitSeconds: number,
): Promise<ProcessFigures | undefined> =>
  new Promise((resolve, reject) => {
    const [file, ...args] = command
    const start = performance.now()
    const child = spawn(file!, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, ...env },
      timeout: limitSeconds * 1000,
      killSignal: "SIGKILL",
    })
    let [output, errors] = ["", ""]
    let peakBytes: number | null = null
    // The mark only rises, so that the last look before the end is enough.
    const timer = setInterval(() => (peakBytes = peakOf(child.pid!) ?? peakBytes), pollMilliseconds)
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()))
    child.stderr.on("data", (chunk: Buffer) => (errors += chunk.toString()))
    child.on("error", (error) => {
      clearInterval(timer)
      reject(new BenchError(`${file} could not be started: ${error.message}.`))
    })
    child.on("close", (code, signal) => {
      const seconds = (performance.now() - start) / 1000
      clearInterval(timer)
      if (code === 0) resolve({ output, seconds, peakBytes })
      else if (signal === "SIGKILL" && seconds >= limitSeconds) resolve(undefined)
      else {
        const end = errors.trimEnd().split("\n").slice(-15).join("\n")
        reject(new BenchError(`${args.map((arg) => basename(arg)).join(" ")} ended with ${signal ?? code}:\n${end}`))
      }
    })
  })

const peakOf = (pid: number): number | null => {
  try {
    const kilobytes = /VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]
    return kilobytes === undefined ? null : Number(kilobytes) * 1024
  } catch {
    return null
  }
}
