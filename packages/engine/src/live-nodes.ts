import type { Graph, Node } from "./graph.ts"
import type { Value } from "./value.ts"

/** The nodes that some output of the graph depends on, in order. */
export const liveNodes = (graph: Graph): ReadonlyArray<Node> => {
  const needed = new Set<Value | undefined>(graph.outputs.values())
  const live = graph.nodes.toReversed().filter((node) => {
    const isLive = node.outputs.some((output) => needed.has(output))
    if (isLive) for (const input of node.inputs) needed.add(input)
    return isLive
  })
  return live.toReversed()
}
