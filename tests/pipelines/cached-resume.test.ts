import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  generate,
  type GenerateError,
  type GenerateEvent,
  resume,
} from "@auteur/core"
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { modelLayer, request } from "./bundled-model.ts"

const steps = 8

/** The checkpoint after each step, as its file holds it. */
const checkpointsOf = <R>(events: Stream.Stream<GenerateEvent, GenerateError, R>) =>
  events.pipe(
    Stream.takeUntil((event) => event.type === "step-end" && event.index + 1 === event.total),
    Stream.runCollect,
    Effect.map((events) =>
      events.flatMap((event) =>
        event.type === "step-end" ? [decodeCheckpoint(encodeCheckpoint(event.checkpoint))] : [],
      ),
    ),
  )

const latentsOf = (checkpoint: Checkpoint): Float32Array => checkpoint.state.sample.values()

const asked = { ...request, steps }

for (const choice of [
  { cache: "first-block", cacheThreshold: 0.6 },
  { cache: "tea", cacheThreshold: 0.8 },
  { cache: "pyramid", cacheThreshold: 3 },
] as const) {
  withLayer(modelLayer(choice))(`a run of the bundled model with the cache ${choice.cache}`, (it) => {
    it.effect("continues bit for bit after each step, which it could not without what the cache keeps", () =>
      Effect.gen(function* () {
        const whole = yield* checkpointsOf(generate(asked))
        const end = latentsOf(whole.at(-1)!)
        let differed = 0
        for (const checkpoint of [1, 2, 3, 5].map((step) => whole[step]!)) {
          assert.isAbove(checkpoint.componentStates.denoiser.size, 0)
          assert.deepStrictEqual(latentsOf((yield* checkpointsOf(resume(checkpoint))).at(-1)!), end)
          const forgetful = { ...checkpoint, componentStates: { denoiser: new Map(), guidance: new Map() } }
          const other = latentsOf((yield* checkpointsOf(resume(forgetful))).at(-1)!)
          if (other.some((x, i) => x !== end[i])) differed++
        }
        assert.isAtLeast(differed, 2)
        assert.strictEqual(whole.at(-1)!.componentStates.denoiser.size, 0)
      }),
    )

    it.effect("cannot be continued without the cache, or with another threshold", () =>
      Effect.gen(function* () {
        const [checkpoint] = yield* checkpointsOf(generate(asked))
        for (const [other, name] of [
          [{}, "emoji-world"],
          [{ ...choice, cacheThreshold: 1 }, `emoji-world + cache ${choice.cache} 1`],
        ] as const) {
          const error = yield* Effect.flip(checkpointsOf(resume(checkpoint!)).pipe(Effect.provide(modelLayer(other))))
          assert.include(error.message, `cannot be continued with "${name}"`)
        }
      }),
    )
  })
}
