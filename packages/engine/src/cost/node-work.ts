import type { Node } from "../graph/graph.ts"
import type { Value } from "../graph/value.ts"

/** The work of running an operator once. */
export interface NodeWork {
  /** Of matrix products, convolutions and attention; the rest is small beside them. */
  readonly flops: number
  readonly attentionFlops: number
  /** Bytes that a convolution gathers for its matrix product: each number as often as the kernel reads it. */
  readonly columnBytes: number
  /** Inputs read and outputs written. */
  readonly bytesMoved: number
}

export const nodeWork = (node: Node): NodeWork => {
  const { operator, inputs, outputs } = node
  if (operator === "Reshape") return { flops: 0, attentionFlops: 0, columnBytes: 0, bytesMoved: 0 }
  const flops = flopsOf(node)
  const given = inputs.filter((value) => value !== undefined)
  // Only the rows of a table that are looked up are read.
  const read = operator === "Gather" ? outputs : given
  return {
    flops,
    attentionFlops: operator === "MultiHeadAttention" ? flops : 0,
    columnBytes: operator === "Conv" ? columns(inputs[1]!, outputs[0]!) : 0,
    bytesMoved: sumOfBytes(read) + sumOfBytes(outputs),
  }
}

const flopsOf = ({ operator, inputs, outputs }: Node): number => {
  const [first, second, third] = inputs
  const result = outputs[0]!
  switch (operator) {
    case "Gemm":
      return (2 * result.size * first!.size) / result.length(0)
    case "MatMul":
      return 2 * result.size * first!.length(-1)
    case "Conv":
      return (2 * result.size * second!.size) / second!.length(0)
    case "MultiHeadAttention":
      return 2 * (first!.size / first!.length(-1)) * second!.length(1) * (first!.length(-1) + third!.length(-1))
    default:
      return 0
  }
}

/** Bytes that values take together. */
export const sumOfBytes = (values: Iterable<Value>): number => {
  let sum = 0
  for (const { bytes } of values) sum += bytes
  return sum
}

/** A kernel of one position needs no gathering. weight: (O, C, k…), result: (B, O, …) */
const columns = (weight: Value, result: Value): number => {
  const [channels, reads] = [weight.length(0), weight.size / weight.length(0)]
  return reads === weight.length(1) ? 0 : (4 * reads * result.size) / channels
}
