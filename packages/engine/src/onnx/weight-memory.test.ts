import { Tensor, toBfloat16, toFloat16 } from "@auteur/core"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { checkpoint } from "../../test/checkpoint.ts"
import { assertClose } from "../../test/close.ts"
import { host, numbers } from "../../test/evaluate.ts"
import { recordingEngine } from "../../test/recording-runtime.ts"
import { Engine, linear, type Program } from "../index.ts"
import { layer } from "../node.ts"

const width = 16
const blocks = ["blocks.0", "blocks.1", "blocks.2"]
type Stored = "float32" | "float16" | "bfloat16"

// The byte in front moves every weight to an odd offset.
const weights = (dtype: Stored, unaligned = false) =>
  checkpoint(
    Object.fromEntries(
      blocks.flatMap((block, i) => {
        const data = numbers(width * width, i)
        const bits = dtype === "float32" ? data : dtype === "float16" ? toFloat16(data) : toBfloat16(data)
        return [
          [`${block}.weight`, Tensor.from("out in", [width, width], bits as Float32Array, dtype as "float32")],
          [`${block}.bias`, Tensor.from("out", [width], numbers(width, i + 10))],
        ]
      }),
    ),
    unaligned ? 1 : 0,
  )

/** Three blocks; the second also reads a value from outside and hands a second result on; the third is used twice. */
const program: Program = {
  key: "blocks",
  build: (graph, scope) => {
    const x = graph.input("x", [2, width])
    const outside = x.map("Tanh")
    const first = graph.block("blocks.0", () => linear(x, scope.scope("blocks.0"), width).map("Tanh"))
    const [second, side] = graph.block("blocks.1", () => {
      const y = linear(first.add(outside), scope.scope("blocks.1"), width)
      return [y.map("Tanh"), y.slice(1, 0, 1)] as const
    })
    const last = () => linear(second, scope.scope("blocks.2"), width)
    const third = graph.block("blocks.2", () => {
      last() // nothing reads it
      return last().add(last())
    })
    graph.output("y", third)
    graph.output("same", third)
    graph.output("side", side.add(outside.slice(1, 0, 1)))
    graph.output("block result", second)
  },
}

const x = host([2, width], numbers(2 * width, 20))
const results = (dtype: Stored, memory: "fold" | "map", unaligned = false) =>
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open(yield* weights(dtype, unaligned))
    return yield* model.run(program, { x })
  }).pipe(Effect.provide(layer({ memory })))

for (const dtype of ["float32", "float16", "bfloat16"] as const) {
  it.effect(`${dtype} weights give the same left in the file as widened when the session is made`, () =>
    Effect.gen(function* () {
      const folded = yield* results(dtype, "fold")
      const mapped = yield* results(dtype, "map")
      assert.deepStrictEqual(Object.keys(mapped), ["y", "same", "side", "block result"])
      for (const [name, { data, shape }] of Object.entries(folded)) {
        assert.deepStrictEqual(mapped[name]!.shape, shape)
        assertClose(mapped[name]!.data, data, 1e-6)
      }
      assert.deepStrictEqual(folded["same"], folded["y"])
    }),
  )

  for (const memory of ["fold", "map"] as const) {
    it.effect(`${dtype} weights at odd offsets give the same, with ${memory}`, () =>
      Effect.gen(function* () {
        const aligned = yield* results(dtype, memory)
        const unaligned = yield* results(dtype, memory, true)
        assert.deepStrictEqual(unaligned, aligned)
      }),
    )
  }
}

for (const [limit, memory] of [
  [(4 * 4 * 3 * (width * width + width)) / 3, "fold"],
  [(4 * 4 * 3 * (width * width + width)) / 3 - 1, "map"],
] as const) {
  it.effect(`auto chooses ${memory} by whether the float32 copy takes more than three quarters of the limit`, () => {
    const { layer, recording } = recordingEngine({ memoryLimit: limit })
    return Effect.gen(function* () {
      const model = yield* (yield* Engine).open(yield* weights("float16"))
      yield* model.run(program, { x })
      assert.deepStrictEqual(
        recording.created.map((setup) => setup.memory),
        [memory],
      )
    }).pipe(Effect.provide(layer))
  })
}
