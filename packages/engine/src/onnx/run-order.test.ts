import { assert, describe, it } from "vitest"
import { Graph } from "../index.ts"
import { runOrder, writtenOrder } from "./run-order.ts"

describe("the order of a run", () => {
  it("computes an output that nothing reads right after what it needs, not when all others are done", () => {
    const graph = new Graph("test")
    const x = graph.input("x", [4])
    const first = x.map("Tanh")
    graph.output("aside", first.slice(0, 0, 1))
    graph.output("result", first.map("Exp").map("Sin"))
    const order = (nodes: typeof graph.nodes) => nodes.map(({ operator }) => operator)
    assert.deepStrictEqual(order([...writtenOrder(graph.nodes)]), ["Tanh", "Exp", "Sin", "Slice"])
    assert.deepStrictEqual(order([...runOrder(graph, graph.nodes)]), ["Tanh", "Slice", "Exp", "Sin"])
  })

  it("runs the input that was written last first", () => {
    const graph = new Graph("test")
    const x = graph.input("x", [4])
    const [early, late] = [x.map("Tanh"), x.map("Exp")]
    graph.output("y", early.add(late))
    assert.deepStrictEqual(
      runOrder(graph, graph.nodes).map(({ operator }) => operator),
      ["Exp", "Tanh", "Add"],
    )
  })

  it("cuts a value at once where slices are all of it, and not where something else reads it", () => {
    const cut = (alsoRead: boolean) => {
      const graph = new Graph("test")
      const x = graph.input("x", [4]).map("Tanh")
      graph.output("y", x.slice(0, 0, 1).add(x.slice(0, 1, 4)))
      if (alsoRead) graph.output("x'", x)
      return runOrder(graph, graph.nodes).map(({ operator }) => operator)
    }
    assert.deepStrictEqual(cut(false), ["Tanh", "Split", "Add"])
    assert.deepStrictEqual(cut(true), ["Tanh", "Slice", "Slice", "Add"])
  })
})
