import { generate } from "@auteur/core"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { modelLayer, request } from "./bundled-model.ts"

it.effect("the main thread goes on with other work during every step and while frames are decoded", () =>
  Effect.gen(function* () {
    let turns = 0
    const turn = () => {
      turns++
      next = setImmediate(turn)
    }
    let next = setImmediate(turn)
    const during: Record<string, number> = {}
    let before = 0
    yield* Stream.runForEach(generate(request), (event) =>
      Effect.sync(() => {
        if (event.type !== "step-start") {
          const name = "index" in event ? `${event.type} ${event.index}` : event.type
          during[name] = (during[name] ?? 0) + turns - before
        }
        before = turns
      }),
    ).pipe(Effect.ensuring(Effect.sync(() => clearImmediate(next))))
    // A forward takes many turns of an idle loop; on the main thread it would take one or two.
    for (const part of ["text-end", "step-end 0", "step-end 1", "step-end 2", "step-end 3", "decode-progress"]) {
      assert.isAbove(during[part] ?? 0, 20, part)
    }
  }).pipe(Effect.provide(modelLayer())),
)
