import type { Cost } from "@auteur/core"
import type { ElementType, Graph, Node } from "./graph.ts"
import { liveNodes } from "./live-nodes.ts"
import type { WeightMemory } from "./onnx-model.ts"
import type { Value } from "./value.ts"

/**
 * What a run of a graph takes, from the shapes alone.
 *
 * - `flops`: of matrix products, convolutions and attention; the rest is small beside them.
 * - `weightBytes`: the float32 copies with `fold`; with `map` the bytes in the file, which the system may drop and read again.
 * - `activationBytes`: the largest sum of intermediate results alive at one operator, with what the operator itself needs, with
 *   the weights that `map` widens and with the copy of the outputs that is handed out. The runtime's allocator rounds up: by a
 *   quarter for large convolutions, by two thirds for small transformers.
 */
export const graphCost = (graph: Graph, memory: WeightMemory): Cost => {
  const nodes = liveNodes(graph)
  let weightBytes = 0
  for (const { value } of graph.weights.values()) {
    weightBytes += memory === "fold" ? value.size * 4 : bytes(value)
  }
  return {
    flops: nodes.reduce((sum, node) => sum + nodeFlops(node), 0),
    weightBytes,
    activationBytes: peakBytes(graph, nodes, memory),
  }
}

const nodeFlops = ({ operator, inputs, outputs }: Node): number => {
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

const peakBytes = (graph: Graph, nodes: ReadonlyArray<Node>, memory: WeightMemory): number => {
  const folded = new Set<Value>(graph.constants.map(({ value }) => value))
  for (const { value } of graph.weights.values()) folded.add(value)
  if (memory === "fold") {
    for (const node of nodes) {
      if (node.operator === "Cast" && folded.has(node.inputs[0]!)) folded.add(node.outputs[0]!)
    }
  }
  // A reshaped value is its source under another shape.
  const storage = new Map<Value, Value>()
  const storageOf = (value: Value): Value => storage.get(value) ?? value
  for (const { operator, inputs, outputs } of nodes) {
    if (operator === "Reshape") storage.set(outputs[0]!, storageOf(inputs[0]!))
  }
  const lastUse = new Map<Value, number>()
  for (const [i, node] of nodes.entries()) {
    for (const value of [...node.outputs, ...node.inputs]) if (value !== undefined) lastUse.set(storageOf(value), i)
  }
  for (const value of [...graph.inputs.values(), ...graph.outputs.values()]) lastUse.set(storageOf(value), nodes.length)

  const alive = new Set<Value>(graph.inputs.values())
  let aliveBytes = [...alive].reduce((sum, value) => sum + bytes(value), 0)
  let peak = aliveBytes
  for (const [i, node] of nodes.entries()) {
    const dying = [...new Set(node.inputs.flatMap((value) => (value === undefined ? [] : [storageOf(value)])))].filter(
      (value) => alive.has(value) && lastUse.get(value) === i,
    )
    const reused = inPlace.has(node.operator)
      ? dying.find((value) => bytes(value) === bytes(node.outputs[0]!))
      : undefined
    for (const output of node.outputs) {
      const value = storageOf(output)
      if (value !== output || folded.has(value)) continue
      alive.add(value)
      aliveBytes += bytes(value)
    }
    if (reused !== undefined) aliveBytes -= bytes(reused)
    peak = Math.max(peak, aliveBytes + workspaceBytes(node))
    for (const value of dying) {
      alive.delete(value)
      if (value !== reused) aliveBytes -= bytes(value)
    }
    for (const output of node.outputs) {
      if (alive.has(output) && lastUse.get(output) === i) {
        alive.delete(output)
        aliveBytes -= bytes(output)
      }
    }
  }
  return [...graph.outputs.values()].reduce((sum, value) => sum + bytes(value), peak)
}

/** Operators that write over an input which nothing reads after them. */
const inPlace = new Set(["Add", "Sub", "Mul", "Div", "Sigmoid", "Tanh", "Exp", "Sqrt", "Neg", "Relu", "Softmax"])

/**
 * What an operator holds besides its inputs and outputs: fused attention copies q, k and v to one head after the other, and
 * falls back to whole score matrices when it is given a bias.
 */
const workspaceBytes = ({ operator, inputs, attributes }: Node): number => {
  if (operator !== "MultiHeadAttention") return 0
  const [q, k, v, , , bias] = inputs
  const heads = attributes["num_heads"]!.value as number
  const scores = bias === undefined ? 0 : 4 * q!.length(0) * heads * q!.length(1) * k!.length(1)
  return bytes(q!) + bytes(k!) + bytes(v!) + scores
}

const widths: Record<ElementType, number> = {
  float32: 4,
  float64: 8,
  float16: 2,
  bfloat16: 2,
  int64: 8,
  int32: 4,
  bool: 1,
  uint8: 1,
}

const bytes = (value: Value): number => value.size * widths[value.type]
