import { Tensor, toBfloat16, toFloat16 } from "@auteur/core"
import { assert, it as plain, layer as shared } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { checkpoint } from "../../test/checkpoint.ts"
import { assertClose } from "../../test/close.ts"
import { evaluate, host, numbers } from "../../test/evaluate.ts"
import { naiveAttention, naiveConvolution } from "../../test/naive.ts"
import { Engine } from "../engine.ts"
import { Graph } from "./graph.ts"
import { attention, convolution, groupNorm, layerNorm, linear, pad } from "./layers.ts"
import { layer } from "../node.ts"

plain("attention is one fused operator, and no value has a size of tokens × tokens", () => {
  const graph = new Graph("test")
  const x = graph.input("x", [1, 1000, 12])
  attention(x, x, x, 3)
  assert.deepStrictEqual(
    graph.nodes.map(({ operator, outputs }) => [operator, outputs.map(({ shape }) => shape)]),
    [["MultiHeadAttention", [[1, 1000, 12]]]],
  )
})

shared(layer({ threads: 1 }))((it) => {
  const linearWeights = (dtype: "float32" | "float16" | "bfloat16") => {
    const exact = Float32Array.of(1, 2, 3, 4, 5, 6) // all three types hold these exactly
    const data = dtype === "float32" ? exact : dtype === "float16" ? toFloat16(exact) : toBfloat16(exact)
    return checkpoint({
      weight: Tensor.from("out in", [2, 3], data as Float32Array, dtype as "float32"),
      bias: Tensor.from("out", [2], Float32Array.of(10, 20)),
    })
  }

  for (const dtype of ["float32", "float16", "bfloat16"] as const) {
    it.effect(`linear multiplies by the transposed ${dtype} weight and adds the bias`, () =>
      Effect.gen(function* () {
        const x = host([2, 1, 3], Float32Array.of(1, 0, 0, 1, 1, 1))
        const y = yield* evaluate({ x }, ({ x }, weights) => linear(x!, weights, 2), yield* linearWeights(dtype))
        assert.deepStrictEqual(y, host([2, 1, 2], Float32Array.of(11, 24, 16, 35)))
      }),
    )
  }

  for (const dtype of ["float32", "bfloat16"] as const) {
    for (const memory of ["fold", "map"] as const) {
      it.effect(
        `linear adds scale · α · B(A x) for each adapter of its layer: ${dtype} weights, memory "${memory}"`,
        () =>
          Effect.gen(function* () {
            const data = (...numbers: ReadonlyArray<number>) =>
              dtype === "float32" ? Float32Array.from(numbers) : toBfloat16(Float32Array.from(numbers))
            const tensor = (shape: readonly [number, number], ...numbers: ReadonlyArray<number>) =>
              Tensor.from("out in", shape, data(...numbers) as Float32Array, dtype as "float32")
            const weights = yield* checkpoint({
              "up.weight": tensor([2, 3], 1, 2, 3, 4, 5, 6),
              A: tensor([1, 3], 1, 0, 1),
              B: tensor([2, 1], 1, 2),
              C: tensor([2, 3], 1, 0, 0, 0, 1, 0),
              D: tensor([2, 2], 1, 0, 0, 4),
              alpha: Tensor.from("", [], data(8) as Float32Array, dtype as "float32"),
            })
            const adapters = new Map([
              [
                "up",
                [
                  { rank: 1, scale: 0.5, down: "A", up: "B" },
                  { rank: 2, scale: 0.25, down: "C", up: "D", alpha: "alpha" },
                ],
              ],
            ])
            const model = yield* (yield* Engine).open({ ...weights, adapters })
            const { result } = yield* model.run(
              {
                key: "adapted",
                build: (graph, scope) => {
                  const x = graph.input("x", [1, 2, 3])
                  const options = { bias: false }
                  graph.output(
                    "result",
                    graph.block("up", () => linear(x, scope.scope("up"), 2, options)),
                  )
                },
              },
              { x: host([1, 2, 3], Float32Array.of(1, 0, 0, 1, 1, 1)) },
            )
            // x = (1, 0, 0): W x = (1, 4), ½ B A x = (½, 1), 2 D C x = (2, 0); x = (1, 1, 1): (6, 15), (1, 2), (2, 8).
            assert.deepStrictEqual(result, host([1, 2, 2], Float32Array.of(3.5, 5, 9, 25)))
          }).pipe(Effect.provide(layer({ threads: 1, memory })), Effect.scoped),
      )
    }
  }

  it.effect("linear without bias adds nothing", () =>
    Effect.gen(function* () {
      const x = host([1, 3], Float32Array.of(1, 1, 1))
      const y = yield* evaluate(
        { x },
        ({ x }, weights) => linear(x!, weights, 2, { bias: false }),
        yield* linearWeights("float32"),
      )
      assert.deepStrictEqual([...y.data], [6, 15])
    }),
  )

  it.effect("layerNorm normalises the last axis, then scales and shifts", () =>
    Effect.gen(function* () {
      const y = yield* evaluate({ x: host([2, 2], Float32Array.of(1, 3, -5, 5)) }, ({ x }, _, graph) =>
        layerNorm(x!, graph.constant(Float32Array.of(2, 10), [2]), graph.constant(Float32Array.of(0, 1), [2]), 3),
      )
      // Variances 1 and 25, plus an epsilon of 3.
      assertClose(y.data, [-2 / 2, 1 + 10 / 2, (-2 * 5) / Math.sqrt(28), 1 + (10 * 5) / Math.sqrt(28)], 1e-6)
    }),
  )

  it.effect("groupNorm normalises each group of channels over all positions", () =>
    Effect.gen(function* () {
      const x = numbers(2 * 4 * 3 * 2)
      const y = yield* evaluate({ x: host([2, 4, 3, 2], x) }, ({ x }) => groupNorm(x!, 2, 1e-6))
      const expected = Array.from({ length: 4 }, (_, group) => {
        const part = [...x.subarray(group * 12, group * 12 + 12)]
        const mean = part.reduce((a, b) => a + b) / 12
        const variance = part.reduce((a, b) => a + (b - mean) ** 2, 0) / 12
        return part.map((value) => (value - mean) / Math.sqrt(variance + 1e-6))
      }).flat()
      assert.deepStrictEqual(y.shape, [2, 4, 3, 2])
      assertClose(y.data, expected, 2e-6)
    }),
  )

  it.effect("groupNorm refuses channels that do not divide into the groups", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(evaluate({ x: host([1, 3, 2], numbers(6)) }, ({ x }) => groupNorm(x!, 2, 1e-6)))
      assert.include(error.message, "groupNorm of 3 channels in 2 groups")
    }),
  )

  const cases = [
    { name: "2d", x: [2, 3, 5, 4], kernel: [4, 3, 3, 3], strides: [1, 1], pads: [0, 0, 0, 0] },
    {
      name: "2d with strides and uneven pads",
      x: [1, 2, 6, 5],
      kernel: [3, 2, 3, 2],
      strides: [2, 1],
      pads: [0, 1, 1, 0],
    },
    { name: "3d", x: [1, 3, 4, 4, 3], kernel: [2, 3, 3, 3, 3], strides: [1, 1, 1], pads: [0, 1, 1, 0, 1, 1] },
    {
      name: "3d with strides",
      x: [1, 2, 5, 6, 6],
      kernel: [4, 2, 3, 3, 3],
      strides: [1, 2, 2],
      pads: [2, 0, 0, 0, 1, 1],
    },
    {
      name: "3d of kernel 1",
      x: [1, 3, 2, 2, 2],
      kernel: [5, 3, 1, 1, 1],
      strides: [1, 1, 1],
      pads: [0, 0, 0, 0, 0, 0],
    },
  ]
  for (const { name, x: shape, kernel, strides, pads } of cases) {
    it.effect(`convolution ${name} is the sum over its windows`, () =>
      Effect.gen(function* () {
        const x = host(shape, numbers(shape.reduce((a, b) => a * b)))
        const w = host(
          kernel,
          numbers(
            kernel.reduce((a, b) => a * b),
            2,
          ),
        )
        const b = host([kernel[0]!], numbers(kernel[0]!, 3))
        const y = yield* evaluate({ x, w, b }, ({ x, w, b }) => convolution(x!, w!, b, { strides, pads }))
        const expected = naiveConvolution(x, w, b, strides, pads)
        assert.deepStrictEqual(y.shape, expected.shape)
        assertClose(y.data, expected.data, 1e-5)
      }),
    )
  }

  it.effect("convolution refuses a kernel for another number of channels", () =>
    Effect.gen(function* () {
      const error = yield* Effect.flip(
        evaluate({ x: host([1, 3, 2, 2], numbers(12)) }, ({ x }, _, graph) =>
          convolution(x!, graph.constant(numbers(2), [1, 2, 1, 1]), undefined),
        ),
      )
      assert.include(error.message, "convolution of 3 channels with a kernel for 2")
    }),
  )

  const [batch, heads, width] = [2, 3, 4]
  const sequence = (length: number, seed: number) =>
    host([batch, length, heads * width], numbers(batch * length * heads * width, seed))

  it.effect("attention is softmax(q kᵀ / √d) v for each head", () =>
    Effect.gen(function* () {
      const [q, k, v] = [sequence(5, 1), sequence(7, 2), sequence(7, 3)]
      const y = yield* evaluate({ q, k, v }, ({ q, k, v }) => attention(q!, k!, v!, heads))
      assert.deepStrictEqual(y.shape, q.shape)
      assertClose(y.data, naiveAttention(q, k, v, heads, 1 / Math.sqrt(width)), 1e-6)
    }),
  )

  for (const biasShape of [
    [1, 1, 5, 7],
    [1, heads, 5, 7],
    [batch, heads, 5, 7],
  ]) {
    it.effect(`attention adds a bias of shape [${biasShape}] and uses the given scale`, () =>
      Effect.gen(function* () {
        const [q, k, v] = [sequence(5, 1), sequence(7, 2), sequence(7, 3)]
        const bias = host(
          biasShape,
          numbers(
            biasShape.reduce((a, b) => a * b),
            4,
          ),
        )
        const y = yield* evaluate({ q, k, v, bias }, ({ q, k, v, bias }) =>
          attention(q!, k!, v!, heads, { scale: 1, bias: bias! }),
        )
        assertClose(y.data, naiveAttention(q, k, v, heads, 1, bias), 1e-6)
      }),
    )
  }

  it.effect("pad puts zeros before and after", () =>
    Effect.gen(function* () {
      const y = yield* evaluate({ x: host([1, 2], Float32Array.of(1, 2)) }, ({ x }) => pad(x!, [1, 0, 0, 2]))
      assert.deepStrictEqual(y, host([2, 4], Float32Array.of(0, 0, 0, 0, 1, 2, 0, 0)))
    }),
  )
})
