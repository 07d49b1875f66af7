import type { Graph, Node } from "../graph/graph.ts"
import type { Value } from "../graph/value.ts"

/**
 * The nodes with those that no other reads at the end, the first one last: the order to write them in.
 *
 * The runtime starts at the last node, runs what that needs, and continues with the one before. So each end is run early, and its
 * inputs are not kept until all others have run.
 */
export const writtenOrder = (nodes: ReadonlyArray<Node>): ReadonlyArray<Node> => {
  const read = new Set(nodes.flatMap((node) => node.inputs))
  const isEnd = (node: Node) => !node.outputs.some((value) => read.has(value))
  return [...nodes.filter((node) => !isEnd(node)), ...nodes.filter(isEnd).toReversed()]
}

/** The nodes as the runtime runs them: from the ends back, of a node's inputs the one that was written last comes first. */
export const runOrder = (graph: Graph, nodes: ReadonlyArray<Node>): ReadonlyArray<Node> => {
  const written = writtenOrder(nodes)
  const place = new Map<Value, number>()
  for (const [i, node] of written.entries()) for (const value of node.outputs) place.set(value, i)
  const before = ({ inputs }: Node): ReadonlyArray<number> => {
    const places = inputs.flatMap((value) => (value === undefined ? [] : (place.get(value) ?? [])))
    return places.length > 1 ? [...new Set(places)].toSorted((a, b) => a - b) : places
  }
  const isRead = written.map(() => false)
  const needs = written.map(before)
  for (const places of needs) for (const i of places) isRead[i] = true

  const order: Array<Node> = []
  const seen = written.map(() => false)
  // The complement of a number stands for its node once all of its inputs are done.
  const stack = written.flatMap((_, i) => (isRead[i] ? [] : [i]))
  for (let top = stack.pop(); top !== undefined; top = stack.pop()) {
    if (top < 0) order.push(written[~top]!)
    if (top < 0 || seen[top]) continue
    seen[top] = true
    stack.push(~top)
    for (const i of needs[top]!) if (!seen[i]) stack.push(i)
  }
  return withSlicesAtOnce(graph, order)
}

/** Slices that together make a whole value become one operator in the runtime, which cuts it at once. */
const withSlicesAtOnce = (graph: Graph, nodes: ReadonlyArray<Node>): ReadonlyArray<Node> => {
  const kept = new Set<Value | undefined>(graph.outputs.values())
  const slices = new Map<Value, Array<Node>>()
  for (const node of nodes) {
    if (node.operator === "Slice") slices.set(node.inputs[0]!, [...(slices.get(node.inputs[0]!) ?? []), node])
    for (const [i, value] of node.inputs.entries()) if (node.operator !== "Slice" || i > 0) kept.add(value)
  }
  const joined = new Map<Node, Node | undefined>()
  for (const [value, cuts] of slices) {
    const size = cuts.reduce((sum, cut) => sum + cut.outputs[0]!.size, 0)
    if (cuts.length === 1 || size !== value.size || kept.has(value)) continue
    for (const cut of cuts) joined.set(cut, undefined)
    joined.set(cuts[0]!, { ...cuts[0]!, operator: "Split", outputs: cuts.flatMap(({ outputs }) => outputs) })
  }
  return nodes.flatMap((node) => (joined.has(node) ? (joined.get(node) ?? []) : node))
}

/** The nodes cut where their block changes. */
export const consecutiveBlocks = (nodes: ReadonlyArray<Node>): ReadonlyArray<ReadonlyArray<Node>> => {
  const blocks: Array<Array<Node>> = []
  for (const node of nodes) {
    const last = blocks.at(-1)
    if (last !== undefined && last[0]!.block === node.block) last.push(node)
    else blocks.push([node])
  }
  return blocks
}
