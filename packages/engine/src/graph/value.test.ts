import { assert, describe, it as plain, layer as shared } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { assertClose } from "../../test/close.ts"
import { evaluate, host, numbers } from "../../test/evaluate.ts"
import { Graph } from "./graph.ts"
import { layer } from "../node.ts"
import { concat, type Value } from "./value.ts"

const six = host([2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))

shared(layer({ threads: 1 }))((it) => {
  const gives = (
    name: string,
    build: (x: Value, graph: Graph) => Value,
    expected: { shape: ReadonlyArray<number>; data: ReadonlyArray<number> },
  ) =>
    it.effect(name, () =>
      Effect.gen(function* () {
        const y = yield* evaluate({ x: six }, ({ x }, _, graph) => build(x!, graph))
        assert.deepStrictEqual(y.shape, expected.shape)
        assertClose(y.data, expected.data, 1e-6)
      }),
    )
  const column = (graph: Graph) => graph.constant(Float32Array.of(10, 20), [2, 1])

  gives("adds, stretching axes of length 1", (x, graph) => x.add(column(graph)), {
    shape: [2, 3],
    data: [11, 12, 13, 24, 25, 26],
  })
  gives("stretches the left side too", (x, graph) => graph.scalar(1).subtract(x), {
    shape: [2, 3],
    data: [0, -1, -2, -3, -4, -5],
  })
  gives("subtracts a number", (x) => x.subtract(1), { shape: [2, 3], data: [0, 1, 2, 3, 4, 5] })
  gives("multiplies", (x, graph) => x.multiply(column(graph)), { shape: [2, 3], data: [10, 20, 30, 80, 100, 120] })
  gives("divides by a number", (x) => x.divide(2), { shape: [2, 3], data: [0.5, 1, 1.5, 2, 2.5, 3] })
  gives("multiplies matrices", (x) => x.matmul(x.transpose([1, 0])), { shape: [2, 2], data: [14, 32, 32, 77] })
  gives(
    "multiplies a stack of matrices by one",
    (x) => x.reshape([3, 1, 2]).matmul(x.transpose([1, 0]).slice(0, 0, 2)),
    { shape: [3, 1, 2], data: [5, 14, 11, 32, 17, 50] },
  )
  gives("keeps the order of elements under a new shape", (x) => x.reshape([3, 2]), {
    shape: [3, 2],
    data: [1, 2, 3, 4, 5, 6],
  })
  gives("transposes", (x) => x.reshape([1, 2, 3]).transpose([2, 0, 1]), { shape: [3, 1, 2], data: [1, 4, 2, 5, 3, 6] })
  gives("slices an axis", (x) => x.slice(1, 1, 3), { shape: [2, 2], data: [2, 3, 5, 6] })
  gives("slices every second element, counting axes from the end", (x) => x.slice(-1, 0, 3, 2), {
    shape: [2, 2],
    data: [1, 3, 4, 6],
  })
  gives("splits into the given lengths", (x) => x.split(1, [1, 2])[1]!, { shape: [2, 2], data: [2, 3, 5, 6] })
  gives("joins along an axis", (x) => concat([x, x.slice(1, 0, 1)], -1), {
    shape: [2, 4],
    data: [1, 2, 3, 1, 4, 5, 6, 4],
  })
  gives("repeats axes of length 1", (x) => x.slice(0, 0, 1).expand([2, 3]), { shape: [2, 3], data: [1, 2, 3, 1, 2, 3] })
  gives("takes rows by index", (x, graph) => x.gather(graph.integers([1, 0, 1])), {
    shape: [3, 3],
    data: [4, 5, 6, 1, 2, 3, 4, 5, 6],
  })
  gives("casts to integers and back", (x) => x.divide(2).cast("int64").cast("float32"), {
    shape: [2, 3],
    data: [0, 1, 1, 2, 2, 3],
  })

  const spread = numbers(64).map((value) => value * 6)
  const maps = (name: string, build: (x: Value) => Value, f: (x: number) => number, tolerance = 2e-6) =>
    it.effect(name, () =>
      Effect.gen(function* () {
        const y = yield* evaluate({ x: host([64], spread) }, ({ x }) => build(x!))
        assertClose(y.data, [...spread].map(f), tolerance)
      }),
    )
  const sigmoid = (x: number) => 1 / (1 + Math.exp(-x))

  maps(
    "silu is x · sigmoid(x)",
    (x) => x.silu(),
    (x) => x * sigmoid(x),
  )
  maps(
    "gelu is the tanh approximation",
    (x) => x.gelu(),
    (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
  )
  maps("Sigmoid", (x) => x.map("Sigmoid"), sigmoid)
  maps("Tanh", (x) => x.map("Tanh"), Math.tanh)
  maps("Cos", (x) => x.map("Cos"), Math.cos)
  maps("Sin", (x) => x.map("Sin"), Math.sin)
  maps(
    "Exp",
    (x) => x.divide(6).map("Exp"),
    (x) => Math.exp(x / 6),
  )
  maps("Sqrt", (x) => x.multiply(x).map("Sqrt"), Math.abs)
  maps(
    "Neg",
    (x) => x.map("Neg"),
    (x) => -x,
  )
  maps(
    "Relu",
    (x) => x.map("Relu"),
    (x) => Math.max(0, x),
  )

  it.effect("softmax sums to 1 along its axis", () =>
    Effect.gen(function* () {
      const y = yield* evaluate({ x: six }, ({ x }) => x!.softmax(0))
      const low = 1 / (1 + Math.exp(3))
      assertClose(y.data, [low, low, low, 1 - low, 1 - low, 1 - low], 1e-6)
    }),
  )
})

describe("a shape that does not fit is refused when the graph is built", () => {
  const graph = new Graph("test")
  const x = graph.input("x", [2, 3])
  const refused: Array<[string, () => unknown, string]> = [
    ["add", () => x.add(graph.input("y", [2, 2])), "Add of [2,3] and [2,2]"],
    ["matmul", () => x.matmul(x), "matmul of [2,3] and [2,3]"],
    ["reshape", () => x.reshape([5]), "reshape of x from [2,3] to [5]"],
    ["slice", () => x.slice(1, 2, 4), "slice 2:4 of axis 1 of [2,3]"],
    ["split", () => x.split(1, [1, 1]), "split of axis 1 of [2,3] into [1,1]"],
    ["expand", () => x.expand([4, 3]), "expand of [2,3] and [4,3]"],
    ["expand to a smaller shape", () => x.expand([2, 1]), "expand of [2,3] to [2,1]"],
    ["concat", () => concat([x, x.transpose([1, 0])], 0), "concat on axis 0 of [2,3] and [3,2]"],
    ["transpose", () => x.transpose([0, 0]), "transpose of [2,3] by [0,0]"],
    ["gather", () => x.gather(x), "gather by float32"],
    ["length", () => x.length(2), "x of shape [2,3] has no axis 2"],
  ]
  plain.each(refused)("%s", (_, build, message) => assert.throws(build, message))
})
