import type { Weights } from "@auteur/core"
import type { Attribute } from "../graph/attribute.ts"
import { onnxTypes } from "../graph/element-type.ts"
import { type Constant, type Graph, liveNodes, type Node, type WeightUse } from "../graph/graph.ts"
import type { Value } from "../graph/value.ts"
import { ProtobufWriter } from "./protobuf.ts"
import { consecutiveBlocks, writtenOrder } from "./run-order.ts"

/** How 16-bit weights are held while a graph runs. */
export type WeightMemory =
  /** Widened to float32 once, when the session is made: fastest for small models. */
  | "fold"
  /** Left at 16 bits in the memory-mapped file; one block at a time is widened while it runs. */
  | "map"

/**
 * Writes a graph as an ONNX model (IR 10, opset 21 and `com.microsoft`), its weights as external data that points into the
 * `.safetensors` files: `locate` turns a file into the location relative to the folder that the session is told.
 *
 * With `"map"` each block becomes the branch of an `If` on a runtime input, so that the runtime neither folds the widening
 * casts nor runs them all first.
 */
export const toOnnxModel = (
  graph: Graph,
  weights: Weights,
  locate: (file: string) => string,
  memory: WeightMemory,
): Uint8Array<ArrayBuffer> => {
  const names = new Names(graph)
  return new ProtobufWriter()
    .int(1, 10) // ir_version
    .string(2, "auteur") // producer_name
    .message(7, (out) => writeGraph(out, graph, weights, locate, names, memory))
    .message(8, (opset) => opset.string(1, "").int(2, 21))
    .message(8, (opset) => opset.string(1, "com.microsoft").int(2, 1))
    .finish()
}

/** The extra input of a model written with `"map"`: one boolean, always true. */
export const runtimeTrue = "runtime_true"

/** Short unique names; a graph's inputs and outputs keep their own. */
class Names {
  readonly #names = new Map<Value, string>()

  constructor({ inputs, outputs, nodes }: Graph) {
    for (const [name, value] of inputs) this.#names.set(value, name)
    const results = new Set(nodes.flatMap((node) => node.outputs))
    for (const [name, value] of outputs) if (results.has(value)) this.#names.set(value, name)
  }

  of(value: Value): string {
    let name = this.#names.get(value)
    // Names of inputs and outputs do not start like this.
    if (name === undefined) this.#names.set(value, (name = `#${this.#names.size}`))
    return name
  }
}

const writeGraph = (
  out: ProtobufWriter,
  graph: Graph,
  weights: Weights,
  locate: (file: string) => string,
  names: Names,
  memory: WeightMemory,
): void => {
  const results = new Set(graph.outputs.values())
  const nodes = liveNodes(graph)
  if (memory === "fold") {
    for (const node of writtenOrder(nodes)) out.message(1, (nested) => writeNode(nested, node, names))
  } else {
    for (const block of consecutiveBlocks(nodes)) {
      if (block[0]!.block === "") for (const node of block) out.message(1, (nested) => writeNode(nested, node, names))
      else writeBlock(out, block, usedOutside(block, nodes, results), names)
    }
  }
  for (const [name, value] of graph.outputs) {
    if (names.of(value) === name) continue
    out.message(1, (node) => node.string(1, names.of(value)).string(2, name).string(4, "Identity"))
  }
  out.string(2, graph.name)
  for (const constant of graph.constants) out.message(5, (nested) => writeConstant(nested, constant, names))
  for (const use of graph.weights.values()) out.message(5, (nested) => writeWeight(nested, use, weights, locate, names))
  for (const [name, value] of graph.inputs) out.message(11, (nested) => writeValueInfo(nested, name, value))
  if (memory === "map") out.message(11, (nested) => writeTensorType(nested.string(1, runtimeTrue), onnxTypes.bool, []))
  for (const [name, value] of graph.outputs) out.message(12, (nested) => writeValueInfo(nested, name, value))
}

/** The results of a block that other nodes, or the graph itself, read. */
const usedOutside = (
  block: ReadonlyArray<Node>,
  nodes: ReadonlyArray<Node>,
  results: ReadonlySet<Value>,
): ReadonlyArray<Value> => {
  const inside = new Set(block)
  const read = new Set(nodes.filter((node) => !inside.has(node)).flatMap((node) => node.inputs))
  return block.flatMap((node) => node.outputs).filter((value) => read.has(value) || results.has(value))
}

/** `If(runtime_true)`: the then branch is the block; the else branch is never taken and only has to type-check. */
const writeBlock = (
  out: ProtobufWriter,
  nodes: ReadonlyArray<Node>,
  results: ReadonlyArray<Value>,
  names: Names,
): void => {
  const branch = (write: (graph: ProtobufWriter) => void, suffix: string) => (attribute: ProtobufWriter) =>
    attribute
      .string(1, `${suffix}_branch`)
      .message(6, (graph) => {
        write(graph)
        graph.string(2, `${nodes[0]!.block}_${suffix}`)
        for (const value of results)
          graph.message(12, (info) => writeValueInfo(info, `${names.of(value)}_${suffix}`, value))
      })
      .int(20, 5)
  const then = branch((graph) => {
    const renamed = new Set(results)
    for (const node of writtenOrder(nodes)) {
      graph.message(1, (nested) => writeNode(nested, node, names, renamed, "_then"))
    }
  }, "then")
  const otherwise = branch((graph) => {
    for (const value of results) {
      graph.message(1, (node) =>
        node
          .string(2, `${names.of(value)}_else`)
          .string(4, "ConstantOfShape")
          .string(1, `${names.of(value)}_shape`),
      )
      graph.message(5, (tensor) =>
        tensor
          .int(1, value.rank)
          .int(2, onnxTypes.int64)
          .string(8, `${names.of(value)}_shape`)
          .bytes(9, new Uint8Array(BigInt64Array.from(value.shape, BigInt).buffer)),
      )
    }
  }, "else")
  out.message(1, (node) => {
    node.string(1, runtimeTrue)
    for (const value of results) node.string(2, names.of(value))
    node.string(4, "If").message(5, then).message(5, otherwise)
  })
}

const writeNode = (
  out: ProtobufWriter,
  node: Node,
  names: Names,
  renamed: ReadonlySet<Value> = new Set(),
  suffix = "",
): void => {
  const name = (value: Value) => names.of(value) + (renamed.has(value) ? suffix : "")
  for (const input of node.inputs) out.string(1, input === undefined ? "" : name(input))
  for (const output of node.outputs) out.string(2, name(output))
  out.string(4, node.operator)
  for (const [key, attribute] of Object.entries(node.attributes)) {
    out.message(5, (nested) => writeAttribute(nested.string(1, key), attribute))
  }
  if (node.domain !== "") out.string(7, node.domain)
}

const writeAttribute = (out: ProtobufWriter, attribute: Attribute): void => {
  switch (attribute.type) {
    case "float":
      out.float(2, attribute.value).int(20, 1)
      return
    case "int":
      out.int(3, attribute.value).int(20, 2)
      return
    case "string":
      out.string(4, attribute.value).int(20, 3)
      return
    case "ints":
      for (const value of attribute.value) out.int(8, value)
      out.int(20, 7)
  }
}

const writeConstant = (out: ProtobufWriter, { value, data }: Constant, names: Names): void => {
  for (const length of value.shape) out.int(1, length)
  out.int(2, onnxTypes[value.type]).string(8, names.of(value))
  out.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength))
}

const writeWeight = (
  out: ProtobufWriter,
  { value, key }: WeightUse,
  weights: Weights,
  locate: (file: string) => string,
  names: Names,
): void => {
  const stored = weights.tensors.get(key)!
  for (const length of value.shape) out.int(1, length)
  out.int(2, onnxTypes[value.type]).string(8, names.of(value))
  const entry = (name: string, content: string) =>
    out.message(13, (nested) => nested.string(1, name).string(2, content))
  entry("location", locate(stored.file))
  entry("offset", String(stored.offset))
  entry("length", String(stored.byteLength))
  out.int(14, 1)
}

const writeValueInfo = (out: ProtobufWriter, name: string, value: Value): void => {
  writeTensorType(out.string(1, name), onnxTypes[value.type], value.shape)
}

const writeTensorType = (out: ProtobufWriter, type: number, shape: ReadonlyArray<number>): void => {
  out.message(2, (wrapper) =>
    wrapper.message(1, (tensor) =>
      tensor.int(1, type).message(2, (dimensions) => {
        for (const length of shape) dimensions.message(1, (dimension) => dimension.int(1, length))
      }),
    ),
  )
}
