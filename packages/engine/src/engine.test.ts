import { Tensor } from "@auteur/core"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { checkpoint } from "../test/checkpoint.ts"
import { Engine, linear, type Program } from "./index.ts"
import { layer } from "./node.ts"

const affine: Program = {
  key: "affine",
  build: (graph, weights) => graph.output("y", linear(graph.input("x", [2, 3]), weights.scope("layer"), 2)),
}

const affineWeights = checkpoint({
  "layer.weight": Tensor.from("out in", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  "layer.bias": Tensor.from("out", [2], Float32Array.of(10, 20)),
})

it.effect("runs a program on the weights of a file", () =>
  Effect.gen(function* () {
    const model = yield* (yield* Engine).open(yield* affineWeights)
    const { y } = yield* model.run(affine, { x: { data: Float32Array.of(1, 0, 0, 1, 1, 1), shape: [2, 3] } })
    assert.deepStrictEqual(y, { data: Float32Array.of(11, 24, 16, 35), shape: [2, 2] })
  }).pipe(Effect.provide(layer())),
)
