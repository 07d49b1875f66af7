import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  generate,
  type GenerateError,
  type GenerateEvent,
  resume,
  type Video,
} from "@auteur/core"
import { assert, layer as withLayer } from "@effect/vitest"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { modelLayer, request } from "./bundled-model.ts"

const videoOf = Effect.fnUntraced(function* <R>(events: Stream.Stream<GenerateEvent, GenerateError, R>) {
  let video: Video | undefined
  yield* Stream.runForEach(events, (event) =>
    Effect.sync(() => {
      if (event.type === "video-end") video = event.video
    }),
  )
  return [...video!.contiguous().values()]
})

/** Runs until `step` is done, is interrupted while it goes on, and leaves the checkpoint. */
const interruptedAfter = Effect.fnUntraced(function* (step: number) {
  const reached = yield* Deferred.make<Checkpoint>()
  const fiber = yield* Effect.forkChild(
    Stream.runForEach(generate(request), (event) =>
      event.type === "step-end" && event.index === step ? Deferred.succeed(reached, event.checkpoint) : Effect.void,
    ),
  )
  const checkpoint = yield* Deferred.await(reached)
  yield* Fiber.interrupt(fiber)
  return checkpoint
})

// DDIM draws nothing while it walks; DPM-Solver++ draws in every step and keeps a prediction from the one before.
for (const sampler of ["ddim", "dpm"] as const) {
  withLayer(modelLayer({ sampler }))(`a run of the bundled model with ${sampler}`, (it) => {
    it.effect("gives equal frames twice for one seed, and other frames for another", () =>
      Effect.gen(function* () {
        const first = yield* videoOf(generate(request))
        assert.deepStrictEqual(yield* videoOf(generate(request)), first)
        assert.notDeepEqual(yield* videoOf(generate({ ...request, seed: 8 })), first)
      }),
    )

    for (const step of [0, 2, 3]) {
      it.effect(`gives equal frames when it is interrupted after step ${step + 1} of 4 and resumed from a file`, () =>
        Effect.gen(function* () {
          const whole = yield* videoOf(generate(request))
          const file = encodeCheckpoint(yield* interruptedAfter(step))
          assert.deepStrictEqual(yield* videoOf(resume(decodeCheckpoint(file))), whole)
        }),
      )
    }
  })
}
