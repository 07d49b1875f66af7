import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { noWeights } from "../test/evaluate.ts"
import { affine, affineWeights } from "../test/programs.ts"
import { graphCost } from "./cost.ts"
import { attention, convolution, Engine, Graph } from "./index.ts"
import { layer } from "./node.ts"

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

describe("activation bytes", () => {
  it("are those of the largest set alive at once", () => {
    const { activationBytes } = costOf((graph) => {
      const x = graph.input("x", [10]) // 40 bytes, alive all the time
      const wide = x.reshape([10, 1]).expand([10, 5]) // 200 bytes
      const wider = wide.expand([3, 10, 5]) // 600 bytes
      graph.output("y", wider.slice(0, 0, 1).reshape([50]).slice(0, 0, 1)) // 200 and 4 bytes, handed out as a copy
    })
    assert.strictEqual(activationBytes, 40 + 200 + 600 + 4)
  })

  it("do not grow along a chain of elementwise operators", () => {
    const chain = (length: number) =>
      costOf((graph) => {
        let y = graph.input("x", [100])
        for (let i = 0; i < length; i++) y = y.map("Tanh")
        graph.output("y", y)
      }).activationBytes
    assert.strictEqual(chain(10), 1200)
    assert.strictEqual(chain(2), 1200)
  })

  it("hold a value until its last reader", () => {
    const { activationBytes } = costOf((graph) => {
      const x = graph.input("x", [100])
      const early = x.map("Tanh")
      const late = x.map("Exp").map("Cos")
      graph.output("y", early.add(late))
    })
    assert.strictEqual(activationBytes, 5 * 400) // x, early, the two sides of Cos, and y handed out
  })

  it("of attention grow with the tokens, not with their square", () => {
    const bytes = (tokens: number) =>
      costOf((graph) => {
        const x = graph.input("x", [1, tokens, 12])
        graph.output("y", attention(x, x, x, 3))
      }).activationBytes
    assert.strictEqual(bytes(1000), 6 * 1000 * 12 * 4)
    assert.strictEqual(bytes(2000), 2 * bytes(1000))
  })

  it("of attention with a bias hold the scores of all heads", () => {
    const { activationBytes } = costOf((graph) => {
      const x = graph.input("x", [2, 50, 12])
      graph.output("y", attention(x, x, x, 3, { bias: graph.input("bias", [1, 1, 50, 50]) }))
    })
    assert.strictEqual(activationBytes, 4 * (6 * 2 * 50 * 12 + 50 * 50 + 2 * 3 * 50 * 50))
  })
})

describe("weight bytes", () => {
  const halves = (graph: Graph) => {
    const first = graph.weight("a", [10, 10], "float16").cast("float32")
    const second = graph.weight("b", [10, 10], "bfloat16").cast("float32")
    graph.output("y", graph.input("x", [1, 10]).matmul(first).matmul(second))
  }

  it("are those of float32 copies when folded", () => {
    const { weightBytes, activationBytes } = costOf(halves)
    assert.strictEqual(weightBytes, 800)
    assert.strictEqual(activationBytes, 160)
  })

  it("are those of the file when mapped, and the copies of one moment count as activations", () => {
    const graph = new Graph("test")
    halves(graph)
    const { weightBytes, activationBytes } = graphCost(graph, "map")
    assert.strictEqual(weightBytes, 400)
    assert.strictEqual(activationBytes, 40 + 400 + 400 + 40 + 40)
  })
})

it.effect("a model's cost is that of its program", () =>
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open(yield* affineWeights)
    assert.deepStrictEqual(yield* model.cost(affine(5)), {
      flops: 2 * 5 * 3 * 2,
      weightBytes: 4 * (6 + 2),
      activationBytes: 4 * 5 * (3 + 2 + 2),
    })
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
