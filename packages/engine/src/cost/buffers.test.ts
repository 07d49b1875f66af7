import { assert, describe, it } from "vitest"
import { arenaBytes, heldBytes, assignBuffers } from "./buffers.ts"
import { attention, Graph } from "../index.ts"
import { liveNodes } from "../graph/graph.ts"
import { runOrder } from "../onnx/run-order.ts"

const buffersOf = (build: (graph: Graph) => void) => {
  const graph = new Graph("test")
  build(graph)
  const known = new Set(graph.constants.map(({ value }) => value))
  return assignBuffers(graph, runOrder(graph, liveNodes(graph)), known, "fold")
}

const heldOf = (build: (graph: Graph) => void) => heldBytes(buffersOf(build))

describe("the buffers of a run", () => {
  it("hold the largest set of results alive at once", () => {
    const held = heldOf((graph) => {
      const wide = graph.input("x", [10]).reshape([10, 1]).expand([10, 5]) // 200 bytes
      const wider = wide.expand([3, 10, 5]) // 600 bytes
      graph.output("y", wider.slice(0, 0, 1).reshape([50]).slice(0, 0, 1)) // 200 and 4 bytes
    })
    assert.strictEqual(held, 200 + 600)
  })

  it("do not grow along a chain, whose results take over each other's buffers", () => {
    for (const length of [2, 3, 10]) {
      const buffers = buffersOf((graph) => {
        let y = graph.input("x", [100])
        for (let i = 0; i < length; i++) y = y.map("Tanh")
        graph.output("y", y)
      })
      assert.strictEqual(heldBytes(buffers), 800)
      assert.isAtMost(buffers.length, 3) // two in turns, and that of the output
    }
  })

  it("hold a value until its last reader", () => {
    const held = heldOf((graph) => {
      const x = graph.input("x", [100])
      const early = x.map("Tanh")
      graph.output("y", early.add(x.map("Exp").map("Cos")))
    })
    assert.strictEqual(held, 3 * 400) // the two sides of the sum, and the sum
  })

  it("are not shared with an output, which is handed out", () => {
    const held = heldOf((graph) => {
      const x = graph.input("x", [100])
      graph.output("first", x.map("Tanh").map("Exp"))
      graph.output("second", x.map("Sin").map("Cos"))
    })
    assert.strictEqual(held, 3 * 400)
  })

  it("hold all slices of a value at once where they cover it, as the runtime cuts it", () => {
    const held = heldOf((graph) => {
      const x = graph.input("x", [4, 100]).map("Tanh") // 1600 bytes
      const slices = [0, 1, 2, 3].map((i) => x.slice(0, i, i + 1).map("Exp"))
      graph.output(
        "y",
        slices.reduce((sum, slice) => sum.add(slice)),
      )
    })
    assert.strictEqual(held, 1600 + 4 * 400)
  })

  it("end with a block when it is a graph of its own", () => {
    const graph = new Graph("test")
    const one = graph.block("a", () => graph.input("x", [100]).map("Tanh").map("Exp").map("Sin"))
    graph.output(
      "y",
      graph.block("b", () => one.map("Tanh").map("Exp").map("Sin")),
    )
    const nodes = liveNodes(graph)
    const count = (memory: "fold" | "map") => assignBuffers(graph, nodes, new Set(), memory).length
    assert.deepStrictEqual([count("fold"), count("map")], [3, 4])
  })

  it("of attention grow with the tokens, not with their square", () => {
    const bytes = (tokens: number) =>
      heldOf((graph) => {
        const x = graph.input("x", [1, tokens, 12])
        graph.output("y", attention(x, x, x, 3))
      })
    assert.strictEqual(bytes(1000), 4 * 1000 * 12 * 4)
    assert.strictEqual(bytes(2000), 2 * bytes(1000))
  })

  it("of attention with a bias hold the scores of all heads", () => {
    const held = heldOf((graph) => {
      const x = graph.input("x", [2, 50, 12])
      graph.output("y", attention(x, x, x, 3, { bias: graph.input("bias", [1, 1, 50, 50]) }))
    })
    assert.strictEqual(held, 4 * (4 * 2 * 50 * 12 + 2 * 3 * 50 * 50))
  })

  it("take at least as much in an arena as they hold", () => {
    const buffers = buffersOf((graph) => {
      let y = graph.input("x", [1000, 100])
      for (let i = 1; i < 8; i++) y = y.slice(0, 0, 1000 - i * 100).map("Tanh")
      graph.output("y", y)
    })
    assert.isAtLeast(arenaBytes(buffers), heldBytes(buffers))
    assert.isAtMost(arenaBytes(buffers), 2 * heldBytes(buffers))
  })
})
