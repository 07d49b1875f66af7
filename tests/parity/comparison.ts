import type { CaseResult } from "./scheduler-case.ts"

/** Numbers with their shape, as files and programs give them. */
export interface Numbers {
  readonly shape: ReadonlyArray<number>
  readonly data: ArrayLike<number | bigint>
}

/** What the error of one module may be at most. */
export const moduleBound = 2e-5

/** What the error of a whole pipeline may be at most. */
export const pipelineBound = 1e-4

/** The largest absolute difference; infinite where a shape differs or a number is none. */
export const compare = (name: string, found: Numbers, expected: Numbers, bound: number): CaseResult => {
  if (found.shape.join() !== expected.shape.join()) return { name, error: Infinity, bound }
  let error = 0
  for (let i = 0; i < expected.data.length; i++) {
    const [x, y] = [found.data[i]!, expected.data[i]!]
    const difference = typeof x === "bigint" && typeof y === "bigint" ? distance(x, y) : Math.abs(Number(x) - Number(y))
    if (!(difference <= error)) error = Number.isNaN(difference) ? Infinity : difference
  }
  return { name, error, bound }
}

const distance = (x: bigint, y: bigint): number => Number(x > y ? x - y : y - x)
