import { readFile } from "node:fs/promises"
import { decodeSafetensors } from "@auteur/core"
import { Engine } from "@auteur/engine"
import { layer } from "@auteur/engine/node"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { loadGolden } from "../test/golden.ts"
import { groupNorm } from "./group-norm.ts"
import { joinSegments } from "./segments.ts"

const [channels, groups, area] = [16, 4, 24]

/** Group norm in double precision. */
const expected = (x: Float32Array, scale: ArrayLike<number>, shift: ArrayLike<number>): ReadonlyArray<number> => {
  const size = x.length / groups
  return Array.from(x, (value, i) => {
    const group = x.subarray(Math.floor(i / size) * size, (Math.floor(i / size) + 1) * size)
    const mean = group.reduce((sum, y) => sum + y, 0) / size
    const variance = group.reduce((sum, y) => sum + (y - mean) ** 2, 0) / size
    const channel = Math.floor(i / area)
    return ((value - mean) / Math.sqrt(variance + 1e-6)) * scale[channel]! + shift[channel]!
  })
}

it.effect("keeps small differences between large numbers, as flat pictures have them", () =>
  Effect.gen(function* () {
    const { weights } = yield* loadGolden
    const file = weights.tensors.get("encoder.norm_out.weight")!.file
    const { tensors } = decodeSafetensors(yield* Effect.promise(() => readFile(file)))
    const [scale, shift] = ["weight", "bias"].map(
      (name) => tensors.get(`encoder.norm_out.${name}`)!.data as Float32Array,
    )
    const data = Float32Array.from({ length: channels * area }, (_, i) => 100 + 0.01 * Math.sin(i * 12.9898))
    const model = yield* (yield* Engine).open(weights)
    const { y } = yield* model.run(
      {
        key: "group norm",
        build: (graph, root) => {
          const x = graph.input("x", [1, channels, 2, 3, 4])
          graph.output("y", joinSegments(groupNorm([x], root.scope("encoder.norm_out"), groups, 1e-6)))
        },
      },
      { x: { data, shape: [1, channels, 2, 3, 4] } },
    )
    const error = expected(data, scale!, shift!).map((value, i) => Math.abs(value - Number(y!.data[i])))
    assert.isBelow(Math.max(...error), 2e-3)
  }).pipe(Effect.provide(layer({ threads: 1 }))),
)
