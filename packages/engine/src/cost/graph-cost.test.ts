import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { noWeights } from "../../test/evaluate.ts"
import { affine, affineWeights } from "../../test/programs.ts"
import { graphCost } from "./graph-cost.ts"
import { attention, convolution, Engine, Graph } from "../index.ts"
import { layer } from "../node.ts"

const costOf = (build: (graph: Graph) => void) => {
  const graph = new Graph("test")
  build(graph)
  return graphCost(graph, "fold")
}

describe("flops", () => {
  it("of a linear layer: two for each weight and row, in either memory", () => {
    const { flops } = costOf((graph) => {
      const y = graph.apply("Gemm", [graph.input("x", [5, 3]), graph.input("w", [2, 3])], [5, 2])
      graph.output("y", y)
    })
    assert.strictEqual(flops, 2 * 5 * 3 * 2)
  })

  it("of a matrix product", () => {
    const { flops } = costOf((graph) => graph.output("y", graph.input("a", [4, 5, 3]).matmul(graph.input("b", [3, 2]))))
    assert.strictEqual(flops, 2 * 4 * 5 * 3 * 2)
  })

  it("of a convolution: two for each weight and output position", () => {
    const { flops } = costOf((graph) =>
      graph.output("y", convolution(graph.input("x", [1, 3, 5, 5, 5]), graph.input("w", [7, 3, 3, 3, 3]), undefined)),
    )
    assert.strictEqual(flops, 2 * 3 ** 3 * 7 * 3 * 27)
  })

  it("of attention: the scores and the weighted sums", () => {
    const { flops } = costOf((graph) => {
      const [q, k, v] = [graph.input("q", [2, 5, 12]), graph.input("k", [2, 7, 12]), graph.input("v", [2, 7, 12])]
      graph.output("y", attention(q, k, v, 3))
    })
    assert.strictEqual(flops, 2 * 2 * 5 * 7 * (12 + 12))
  })

  it("count nothing that no output needs", () => {
    const { flops } = costOf((graph) => {
      const x = graph.input("x", [4, 4])
      x.matmul(x)
      graph.output("y", x.matmul(x))
    })
    assert.strictEqual(flops, 2 * 4 ** 3)
  })
})

describe("work", () => {
  it("counts attention apart, and the bytes that operators read and write", () => {
    const { attentionFlops, bytesMoved, operators } = costOf((graph) => {
      const x = graph.input("x", [1, 5, 12])
      graph.output("y", attention(x, x, x, 3).reshape([5, 12]).map("Tanh"))
    })
    assert.strictEqual(attentionFlops, 4 * 5 * 5 * 12)
    assert.strictEqual(bytesMoved, 4 * 5 * 12 * (4 + 2)) // a view moves nothing
    assert.strictEqual(operators, 3)
  })

  it("counts each number as often as a kernel reads it, and of a table the rows that are read", () => {
    const convolved = costOf((graph) =>
      graph.output("y", convolution(graph.input("x", [1, 3, 5, 5, 5]), graph.input("w", [7, 3, 3, 3, 3]), undefined)),
    )
    assert.strictEqual(convolved.columnBytes, 4 * 3 ** 3 * 3 * 27)
    const pointwise = costOf((graph) =>
      graph.output("y", convolution(graph.input("x", [1, 3, 5, 5, 5]), graph.input("w", [7, 3, 1, 1, 1]), undefined)),
    )
    assert.strictEqual(pointwise.columnBytes, 0)
    const looked = costOf((graph) =>
      graph.output("y", graph.apply("Gather", [graph.input("table", [1000, 8]), graph.integers([1, 2])], [2, 8])),
    )
    assert.strictEqual(looked.bytesMoved, 2 * 4 * 2 * 8)
  })
})

describe("activation bytes", () => {
  const perOperator = 8192

  it("are the inputs, the arena, the copy of the outputs and what the operators themselves take", () => {
    const { activationBytes, keptBytes, arena } = costOf((graph) => {
      graph.output("y", graph.input("x", [640]).map("Tanh").map("Exp"))
    })
    assert.strictEqual(activationBytes, 2560 + 2 * 2560 + 2560 + 2 * perOperator)
    assert.strictEqual(keptBytes, 2 * 2560 + 2 * perOperator)
    assert.isTrue(arena)
  })

  it("are not kept, but held exactly, where they are too large for an arena", () => {
    const length = 40 * 2 ** 20
    const { activationBytes, keptBytes, arena } = costOf((graph) => {
      graph.output("y", graph.input("x", [length]).map("Tanh").map("Exp"))
    })
    assert.strictEqual(activationBytes, 4 * 4 * length + 2 * perOperator)
    assert.strictEqual(keptBytes, 2 * perOperator)
    assert.isFalse(arena)
  })
})

describe("weight bytes", () => {
  const halves = (graph: Graph) => {
    const first = graph.weight("a", [10, 10], "float16").cast("float32")
    const second = graph.weight("b", [10, 10], "bfloat16").cast("float32")
    graph.output("y", graph.input("x", [1, 10]).matmul(first).matmul(second))
  }

  it("are those of float32 copies when folded", () => {
    const { weightBytes, loadedBytes, operators, builtOperators } = costOf(halves)
    assert.deepStrictEqual([weightBytes, loadedBytes], [800, 800])
    assert.deepStrictEqual([operators, builtOperators], [2, 4])
  })

  it("are those of the file when mapped, where they are widened by the run", () => {
    const graph = new Graph("test")
    halves(graph)
    const { weightBytes, loadedBytes, activationBytes, operators } = graphCost(graph, "map")
    assert.deepStrictEqual([weightBytes, loadedBytes], [400, 0])
    assert.strictEqual(operators, 4)
    assert.isAbove(activationBytes, graphCost(graph, "fold").activationBytes)
  })

  it("are those that a run reads, not those that only others are computed from", () => {
    const { weightBytes } = costOf((graph) => {
      const scaled = graph.weight("a", [10, 10], "float32").slice(0, 0, 5).multiply(2)
      graph.output("y", graph.input("x", [1, 5]).matmul(scaled))
    })
    assert.strictEqual(weightBytes, 200)
  })
})

it.effect("a model's cost is that of its program", () =>
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open(yield* affineWeights)
    const { flops, weightBytes } = yield* model.cost(affine(5))
    assert.deepStrictEqual({ flops, weightBytes }, { flops: 2 * 5 * 3 * 2, weightBytes: 4 * (6 + 2) })
  }).pipe(Effect.provide(layer())),
)

it.effect("a program that its weights do not fit has no cost but a clear error", () =>
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open(noWeights)
    const error = yield* Effect.flip(model.cost(affine()))
    assert.strictEqual(
      error.message,
      'The tensor "layer.weight" of shape [2, 3] is missing from no file: download the file again, or check that it belongs to its config.json.',
    )
  }).pipe(Effect.provide(layer())),
)
