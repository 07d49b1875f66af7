import type { Graph, Node } from "../graph/graph.ts"
import type { Value } from "../graph/value.ts"
import type { WeightMemory } from "../onnx/onnx-model.ts"
import { Arena, type ArenaChunk } from "./arena.ts"

/** Memory that holds one result after the other, from the first step that needs it to the last. */
export interface Buffer {
  readonly bytes: number
  readonly first: number
  last: number
}

/**
 * The buffers of a run as ONNX Runtime assigns them: a view has none of its own, and a result takes over that of a dead one of its
 * shape, which is kept for it in the meantime. `nodes` are in the order of the run, `known` are the values that none of them computes.
 */
export const assignBuffers = (
  graph: Graph,
  nodes: ReadonlyArray<Node>,
  known: ReadonlySet<Value>,
  memory: WeightMemory,
): ReadonlyArray<Buffer> => {
  const source = new Map<Value, Value>()
  const sourceOf = (value: Value): Value => source.get(value) ?? value
  const lastUse = new Map<Value, number>()
  for (const [step, { operator, inputs, outputs }] of nodes.entries()) {
    if (operator === "Reshape") source.set(outputs[0]!, sourceOf(inputs[0]!))
    for (const value of [...outputs, ...inputs]) if (value !== undefined) lastUse.set(sourceOf(value), step)
  }
  const results = new Set([...graph.outputs.values()].map(sourceOf))
  for (const value of results) lastUse.set(value, nodes.length)

  const buffers: Array<Buffer> = []
  const bufferOf = new Map<Value, Buffer>()
  const dead = new DeadBuffers()
  for (const [step, node] of nodes.entries()) {
    // With "map" each block is a graph of its own, with buffers of its own.
    if (memory === "map" && node.block !== nodes[step - 1]?.block) dead.clear()
    for (const output of node.outputs) {
      if (sourceOf(output) !== output || known.has(output)) continue
      let buffer = results.has(output) ? undefined : dead.take(output)
      if (buffer === undefined) buffers.push((buffer = { bytes: output.bytes, first: step, last: step }))
      buffer.last = lastUse.get(output)!
      bufferOf.set(output, buffer)
    }
    for (const values of [node.inputs, node.outputs]) {
      for (const value of values) {
        const last = value === undefined ? undefined : sourceOf(value)
        if (last === undefined || lastUse.get(last) !== step) continue
        const buffer = bufferOf.get(last)
        if (buffer !== undefined && bufferOf.delete(last)) dead.put(last, buffer)
      }
    }
    const bytes = workspaceBytes(node)
    if (bytes > 0) buffers.push({ bytes, first: step, last: step })
  }
  return buffers
}

/** Buffers that nothing reads any more, by the type and shape of what was in them; the one that died last is taken first. */
class DeadBuffers {
  readonly #buffers = new Map<string, Array<Buffer>>()

  put(value: Value, buffer: Buffer): void {
    const key = like(value)
    const others = this.#buffers.get(key)
    if (others === undefined) this.#buffers.set(key, [buffer])
    else others.push(buffer)
  }

  take(value: Value): Buffer | undefined {
    return this.#buffers.get(like(value))?.pop()
  }

  clear(): void {
    this.#buffers.clear()
  }
}

const like = ({ type, shape }: Value): string => `${type} ${shape.join()}`

/**
 * Bytes that an operator holds besides its inputs and outputs: fused attention copies q, k and v to one head after the other, and falls
 * back to whole score matrices when it is given a bias; GELU keeps its inner term.
 */
const workspaceBytes = ({ operator, inputs, attributes }: Node): number => {
  if (operator === "Gelu") return inputs[0]!.bytes
  if (operator !== "MultiHeadAttention") return 0
  const [q, k, v, , , bias] = inputs
  const heads = attributes["num_heads"]!.value as number
  const scores = bias === undefined ? 0 : 4 * q!.length(0) * heads * q!.length(1) * k!.length(1)
  return q!.bytes + k!.bytes + v!.bytes + scores
}

/** The largest sum of buffers that are held at once. */
export const heldBytes = (buffers: ReadonlyArray<Buffer>): number => {
  let [held, most] = [0, 0]
  for (const step of steps(buffers)) {
    for (const { bytes } of step.begins) held += bytes
    most = Math.max(most, held)
    for (const { bytes } of step.ends) held -= bytes
  }
  return most
}

/** Bytes that an arena has touched after a run, all of which it keeps. */
export const arenaBytes = (buffers: ReadonlyArray<Buffer>): number => {
  const arena = new Arena()
  const chunks = new Map<Buffer, ArenaChunk>()
  for (const { begins, ends } of steps(buffers)) {
    for (const buffer of begins) chunks.set(buffer, arena.allocate(buffer.bytes))
    for (const buffer of ends) arena.free(chunks.get(buffer)!)
  }
  return arena.touchedBytes
}

interface Step {
  readonly begins: Array<Buffer>
  readonly ends: Array<Buffer>
}

const steps = (buffers: ReadonlyArray<Buffer>): ReadonlyArray<Step> => {
  const count = buffers.reduce((most, { last }) => Math.max(most, last + 1), 0)
  const all: ReadonlyArray<Step> = Array.from({ length: count }, () => ({ begins: [], ends: [] }))
  for (const buffer of buffers) {
    all[buffer.first]!.begins.push(buffer)
    all[buffer.last]!.ends.push(buffer)
  }
  return all
}
