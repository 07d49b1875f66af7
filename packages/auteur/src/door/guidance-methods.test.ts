import { type Checkpoint, decodeCheckpoint, encodeCheckpoint, generate, type GenerateEvent, resume } from "@auteur/core"
import { guidanceNames } from "@auteur/samplers"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { modelLayer, type ModelLayerOptions } from "../model/model-services.ts"

const request = { prompt: "a fox runs to the right in a meadow", seed: 3, steps: 4, frames: 1, guidanceScale: 6 }

const stepEnds = (events: ReadonlyArray<GenerateEvent>) =>
  events.flatMap((event) => (event.type === "step-end" ? [event] : []))

const run = (options: ModelLayerOptions, from?: Checkpoint) =>
  Effect.runPromise(
    Stream.runCollect(from === undefined ? generate(request) : resume(from)).pipe(
      Effect.map(stepEnds),
      Effect.provide(modelLayer(options)),
    ),
  )

describe("the guidance methods of the bundled model", () => {
  it("each steer in a way of their own, and go on from a checkpoint bit for bit", async () => {
    const ends = new Set<string>()
    for (const guidanceMethod of guidanceNames) {
      const whole = await run({ guidanceMethod })
      const last = whole.at(-1)!.latents.values()
      const saved = decodeCheckpoint(encodeCheckpoint(whole[1]!.checkpoint))
      const continued = await run({ guidanceMethod }, saved)
      expect(continued).toHaveLength(2)
      expect(continued.at(-1)!.latents.values()).toEqual(last)
      ends.add(last.join())
    }
    expect(ends.size).toBe(guidanceNames.length)
  })

  it("are refused by a name that nobody knows", async () => {
    await expect(run({ guidanceMethod: "strong" })).rejects.toThrow('There is no guidance "strong"; choose one of')
  })
})
