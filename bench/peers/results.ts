import type { Machine } from "../machine.ts"
import type { Mode } from "./job.ts"

export interface Side {
  readonly library: "auteur" | "pytorch"
  readonly mode: Mode
}

export interface Measurement extends Side {
  /** Each timed run of all rounds; none where a process was stopped at {@link Results.limitSeconds}. */
  readonly seconds: ReadonlyArray<number>
  /** The first run of each process, which makes sessions and fills caches. */
  readonly first: ReadonlyArray<number>
  /** Most memory that a process had, weights, interpreter and file pages included; null where the system does not report it. */
  readonly peakBytes: number | null
  /** The difference of its output to PyTorch's in float32; null where that was not run. */
  readonly error: { readonly absolute: number; readonly relative: number } | null
}

export interface CaseResult {
  readonly name: string
  readonly title: string
  readonly measurements: ReadonlyArray<Measurement>
}

/** The file that `npm run bench` writes. */
export interface Results {
  readonly date: string
  readonly commit: string
  readonly machine: Machine
  /** A warning where other programs kept the machine busy. */
  readonly warning: string | null
  /** A process that took longer was stopped, and its side not measured any further. */
  readonly limitSeconds: number
  /** Versions of the packages of the other side. */
  readonly peers: Readonly<Record<string, string>>
  readonly cases: ReadonlyArray<CaseResult>
}

export const sideName = ({ library, mode }: Side): string =>
  `${library === "pytorch" ? "PyTorch" : "auteur"} ${mode === "mapped" ? "16-bit mapped" : mode === "autocast" ? "bfloat16 autocast" : mode}`
