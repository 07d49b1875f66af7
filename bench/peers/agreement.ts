import { readFileSync } from "node:fs"
import { decodeSafetensors } from "@auteur/core"
import { BenchError } from "../bench-error.ts"

/** The largest difference between the `output` of two files, also relative to the reference's largest value. */
export const differenceOf = (
  path: string,
  reference: string,
): { readonly absolute: number; readonly relative: number } => {
  const [a, b] = [readOutput(path), readOutput(reference)]
  if (a.shape.join() !== b.shape.join()) {
    throw new BenchError(`${path} has an output of shape [${a.shape}], ${reference} one of [${b.shape}].`)
  }
  let [absolute, largest] = [0, 0]
  for (const [i, x] of b.data.entries()) {
    absolute = Math.max(absolute, Math.abs(Number(a.data[i]) - Number(x)))
    largest = Math.max(largest, Math.abs(Number(x)))
  }
  if (!Number.isFinite(absolute)) throw new BenchError(`${path} or ${reference} holds numbers that are not finite.`)
  return { absolute, relative: absolute / largest }
}

const readOutput = (path: string) => {
  const output = decodeSafetensors(readFileSync(path)).tensors.get("output")
  if (output === undefined) throw new BenchError(`${path} holds no tensor "output".`)
  return output
}
