import { type EditStep, type Latents, Random, Tensor } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { flowEdit } from "./flow-edit.ts"

const shape = [1, 2, 3, 2, 2] as const
const latents = (seed: number): Latents =>
  Tensor.from("batch frames channels height width", [...shape], Random.torch(seed).normal(24))

/** A step with given velocities, and the calls for them. */
const stepOf = (
  velocity: (prompt: "source" | "target", sample: Latents) => Latents,
  changes: Partial<EditStep> = {},
) => {
  const calls: Array<readonly [string, Latents]> = []
  const random = Random.torch(9)
  const source = latents(1)
  const step: EditStep = {
    source,
    edited: source,
    sigma: 0.75,
    nextSigma: 0.5,
    index: 0,
    total: 3,
    noise: () => Tensor.from("batch frames channels height width", [...shape], random.normal(24)),
    velocity: (prompt, sample) =>
      Effect.sync(() => {
        calls.push([prompt, sample])
        return velocity(prompt, sample)
      }),
    ...changes,
  }
  return { step, calls }
}

const filled = (value: number): Latents =>
  Tensor.from("batch frames channels height width", [...shape], new Float32Array(24).fill(value))
const close = (a: Latents, expected: (i: number) => number) =>
  a.values().forEach((x, i) => assert.approximately(x, expected(i), 1e-6))

describe("FlowEdit", () => {
  it.effect("moves along the difference of the velocities of noisy samples that share their noise", () =>
    Effect.gen(function* () {
      const [source, edited] = [latents(1), latents(2)]
      const { step, calls } = stepOf((prompt) => filled(prompt === "target" ? 3 : 1), { edited })
      const next = yield* flowEdit().step(step)
      // (0.5 − 0.75) · (3 − 1)
      close(next, (i) => edited.values()[i]! - 0.5)
      const noise = Random.torch(9).normal(24)
      const [target, from] = [
        calls.find(([prompt]) => prompt === "target")!,
        calls.find(([prompt]) => prompt === "source")!,
      ]
      close(from[1], (i) => 0.25 * source.values()[i]! + 0.75 * noise[i]!)
      close(target[1], (i) => from[1].values()[i]! + edited.values()[i]! - source.values()[i]!)
    }),
  )

  it.effect("leaves the source as it is, to the bit, while both prompts see the same", () =>
    Effect.gen(function* () {
      const { step } = stepOf((_, sample) => sample)
      assert.deepStrictEqual((yield* flowEdit({ draws: 3 }).step(step)).values(), step.source.values())
    }),
  )

  it.effect("averages over draws of noise", () =>
    Effect.gen(function* () {
      const { step, calls } = stepOf((prompt, sample) => (prompt === "target" ? sample : filled(0)))
      const next = yield* flowEdit({ draws: 4 }).step(step)
      assert.strictEqual(calls.length, 8)
      const samples = calls.filter(([prompt]) => prompt === "target").map(([, sample]) => sample.values())
      close(next, (i) => step.edited.values()[i]! - 0.25 * (samples.reduce((sum, values) => sum + values[i]!, 0) / 4))
    }),
  )
})
