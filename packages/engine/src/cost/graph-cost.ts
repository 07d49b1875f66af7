import type { Cost } from "@auteur/core"
import { type Graph, liveNodes, type Node } from "../graph/graph.ts"
import type { Value } from "../graph/value.ts"
import type { WeightMemory } from "../onnx/onnx-model.ts"
import { consecutiveBlocks, runOrder } from "../onnx/run-order.ts"
import { arenaBytes, assignBuffers, heldBytes } from "./buffers.ts"
import { nodeWork, sumOfBytes } from "./node-work.ts"

/**
 * An arena makes small runs up to a third faster, but it is never given back while its session lives, and programs that take
 * turns, such as the VAE's first and next chunk, would each hold one. Above this many bytes it costs more than it saves.
 */
const largestArena = 256 * 2 ** 20

/** Bytes that a session holds for each of its operators: measured for graphs of 300 to 2300. */
const operatorBytes = 8 * 1024

export interface GraphCost extends Required<Cost> {
  /** Whether the session is to keep the memory of its intermediate results for the next run. */
  readonly arena: boolean
}

/**
 * The cost of a run of a graph, from the shapes alone.
 *
 * - `weightBytes`: with `fold` the weights, constants and results of these alone that the run reads, as float32; with `map` the bytes
 *   in the file, which the system may drop and read again.
 * - `activationBytes`: the intermediate results in the runtime's own order and memory, the inputs, the copy of the outputs that the
 *   caller gets, and the operators themselves.
 * - `keptBytes`: the operators, and the arena where the session is to have one.
 */
export const graphCost = (graph: Graph, memory: WeightMemory): GraphCost => {
  const all = liveNodes(graph)
  const { known, nodes } = runtimeNodes(graph, all, memory)
  const buffers = assignBuffers(graph, runOrderIn(graph, nodes, memory), known, memory)
  const held = heldBytes(buffers)
  const arena = held <= largestArena
  const working = arena ? arenaBytes(buffers) : held
  const operators = operatorBytes * all.length
  const weightBytes = readWeightBytes(nodes, known)
  let [flops, attentionFlops, columnBytes, bytesMoved] = [0, 0, 0, 0]
  for (const node of nodes) {
    const work = nodeWork(node)
    flops += work.flops
    attentionFlops += work.attentionFlops
    columnBytes += work.columnBytes
    bytesMoved += work.bytesMoved
  }
  return {
    flops,
    attentionFlops,
    columnBytes,
    bytesMoved,
    operators: nodes.length,
    builtOperators: all.length,
    weightBytes,
    loadedBytes: memory === "fold" ? weightBytes : 0,
    activationBytes: sumOfBytes(graph.inputs.values()) + working + sumOfBytes(graph.outputs.values()) + operators,
    keptBytes: operators + (arena ? working : 0),
    arena,
  }
}

/** Bytes of the weights of a graph as float32. */
export const widenedBytes = (graph: Graph): number => {
  let bytes = 0
  for (const { value } of graph.weights.values()) bytes += 4 * value.size
  return bytes
}

/** The nodes that remain after the runtime has folded constants, which it does with `fold` only. */
const runtimeNodes = (graph: Graph, all: ReadonlyArray<Node>, memory: WeightMemory) => {
  const known = new Set<Value | undefined>(graph.constants.map(({ value }) => value))
  for (const { value } of graph.weights.values()) known.add(value)
  if (memory === "map") return { known: known as ReadonlySet<Value>, nodes: all }
  const nodes = all.filter(({ inputs, outputs }) => {
    const isKnown = inputs.every((value) => value === undefined || known.has(value))
    if (isKnown) for (const value of outputs) known.add(value)
    return !isKnown
  })
  return { known: known as ReadonlySet<Value>, nodes }
}

const readWeightBytes = (nodes: ReadonlyArray<Node>, known: ReadonlySet<Value>): number => {
  const read = new Set<Value>()
  for (const { inputs } of nodes)
    for (const value of inputs) if (value !== undefined && known.has(value)) read.add(value)
  return sumOfBytes(read)
}

/** With `map` each block is a graph of its own, whose operators run together. */
const runOrderIn = (graph: Graph, nodes: ReadonlyArray<Node>, memory: WeightMemory): ReadonlyArray<Node> => {
  if (memory === "fold") return runOrder(graph, nodes)
  return consecutiveBlocks(nodes).flatMap((block) => (block[0]!.block === "" ? block : runOrder(graph, block)))
}
