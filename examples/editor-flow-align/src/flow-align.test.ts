import { type EditStep, type Latents, Tensor } from "@auteur/core"
import { testEditor } from "@auteur/core/testing"
import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { flowAlign } from "./flow-align.ts"
import { plugin } from "./index.ts"

describe("the laws of an editor", () => {
  it.each(testEditor(plugin().layer))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})

it("takes the paper's step", async () => {
  const latents = (value: number): Latents =>
    Tensor.from("batch frames channels height width", [1, 1, 1, 1, 1], Float32Array.of(value))
  // Velocities that tell which prompt was asked at which sample.
  const velocity: EditStep["velocity"] = (prompt, sample) =>
    Effect.succeed(latents((prompt === "source" ? 1 : 3) + sample.values()[0]!))
  const step = { source: latents(0.5), edited: latents(1), sigma: 0.8, nextSigma: 0.6, index: 0, total: 1, velocity }
  const [w, hold] = [2, 0.1]
  const [zSource, zEdited] = [0.2 * 0.5 + 0.8 * -1, 1 + (0.2 * 0.5 + 0.8 * -1) - 0.5]
  const [q, p] = [1 + zSource, 1 + zEdited + w * (3 + zEdited - (1 + zEdited))]
  const expected = 1 + (0.6 - 0.8) * (p - q) + hold * (zSource - 0.8 * q - (zEdited - 0.8 * p))
  const edited = await Effect.runPromise(flowAlign({ guidance: w, hold }).step({ ...step, noise: () => latents(-1) }))
  expect(edited.values()[0]).toBeCloseTo(expected, 5)
})
