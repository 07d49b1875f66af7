import { assert, layer as shared } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { host, noWeights } from "../../test/evaluate.ts"
import { twiceAndSquare } from "../../test/programs.ts"
import { Engine, type HostTensor } from "../index.ts"
import { layer } from "../node.ts"

shared(layer())("an input that does not fit is refused in a sentence", (it) => {
  const refused = (name: string, inputs: Readonly<Record<string, HostTensor>>, message: string) =>
    it.effect(name, () =>
      Effect.gen(function* () {
        const model = yield* (yield* Engine).open(noWeights)
        const error = yield* Effect.flip(model.run(twiceAndSquare, inputs))
        assert.strictEqual(error._tag, "EngineError")
        assert.strictEqual(error.message, message)
      }),
    )
  refused("missing", {}, '"twice and square" was run without its input "x"; its inputs are "x".')
  refused(
    "unknown",
    { x: host([2], new Float32Array(2)), z: host([1], new Float32Array(1)) },
    '"twice and square" has no input "z"; its inputs are "x".',
  )
  refused(
    "another shape",
    { x: host([1, 2], new Float32Array(2)) },
    'The input "x" of "twice and square" must be float32 of shape [2], but has the shape [1, 2].',
  )
  refused(
    "another type",
    { x: host([2], new Int32Array(2)) },
    'The input "x" of "twice and square" must be float32 of shape [2], but was given as a Int32Array.',
  )
  refused(
    "too few numbers",
    { x: host([2], new Float32Array(1)) },
    'The input "x" of "twice and square" must be float32 of shape [2], but holds 1 numbers.',
  )

  it.effect("an output to keep that the program does not have", () =>
    Effect.gen(function* () {
      const model = yield* (yield* Engine).open(noWeights)
      const x = host([2], new Float32Array(2))
      const error = yield* Effect.flip(model.runAndKeep(twiceAndSquare, { x }, { keep: ["cube"] }))
      assert.include(error.message, 'it has no output "cube" to keep; its outputs are twice, square')
    }),
  )
})
