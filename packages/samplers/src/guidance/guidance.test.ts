import { Guidance, type GuidanceInput, Random, rectifiedFlow, RequestError } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { distance, latentsOf, normalLatents } from "../../test/run.ts"
import { layer as adaptiveProjectedLayer } from "./adaptive-projected.ts"
import { classifierFree, layer as classifierFreeLayer } from "./classifier-free.ts"
import { dynamicClassifierFree, dynamicScale, layer as dynamicLayer } from "./dynamic.ts"
import { guidanceNamed, guidanceNames } from "./guidances.ts"
import { layer as rescaledLayer } from "./rescaled.ts"

const input = (scale: number, timestep = 999, steps = 50, seed = 1): GuidanceInput => {
  const random = Random.torch(seed)
  const prediction = (): GuidanceInput["conditional"] => ({
    clean: normalLatents(random),
    noise: normalLatents(random),
  })
  return {
    conditional: prediction(),
    unconditional: prediction(),
    scale,
    level: { alpha: 0, sigma: 1, timestep },
    process: rectifiedFlow,
    index: 0,
    steps,
    state: new Map(),
  }
}

describe("classifier-free guidance", () => {
  it("goes from the unconditional estimate through the conditional one", () => {
    const { clean, noise } = classifierFree.combine({
      ...input(6),
      conditional: { clean: latentsOf([1, 2]), noise: latentsOf([0, 1]) },
      unconditional: { clean: latentsOf([0, 4]), noise: latentsOf([1, 1]) },
    })
    expect([...clean.values()]).toEqual([6, -8])
    expect([...noise.values()]).toEqual([-5, 1])
  })

  it("is the conditional estimate at 1 and the unconditional one at 0", () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { conditional, unconditional } = input(1, 999, 50, seed)
        const at = (scale: number): GuidanceInput["conditional"] => classifierFree.combine(input(scale, 999, 50, seed))
        expect(distance(at(1).clean, conditional.clean)).toBeLessThan(1e-6)
        expect(at(0).noise.values()).toEqual(unconditional.noise.values())
      }),
    )
  })

  it("uses the prediction without the prompt only above 1", () => {
    expect([0, 1, 1.01, 6].map(classifierFree.usesUnconditional)).toEqual([false, false, true, true])
  })
})

describe("dynamic guidance", () => {
  it("waves with the timestep as in CogVideoX's 50 steps", () => {
    const strengths = [999, 979, 959, 939, 919, 899, 879].map((t) => dynamicScale(6, t, 50))
    const expected = [2.29, 2.54, 6.97, 6.42, 2.79, 4.27, 1.04]
    strengths.forEach((strength, i) => expect(strength).toBeCloseTo(expected[i]!, 2))
  })

  it("is classifier-free guidance with that strength", () => {
    const dynamic = dynamicClassifierFree.combine(input(6, 939))
    const fixed = classifierFree.combine(input(dynamicScale(6, 939, 50), 939))
    expect(dynamic.clean.values()).toEqual(fixed.clean.values())
    expect(dynamic.noise.values()).toEqual(fixed.noise.values())
  })
})

describe("guidance layers", () => {
  it.each([
    { layer: classifierFreeLayer, guidance: classifierFree },
    { layer: dynamicLayer, guidance: dynamicClassifierFree },
    { layer: rescaledLayer, guidance: { name: "rescaled" } },
    { layer: adaptiveProjectedLayer, guidance: { name: "adaptive-projected" } },
  ])("provide $guidance.name", ({ layer, guidance }) => {
    expect(Effect.runSync(Effect.provide(Guidance, layer))).toMatchObject(guidance)
  })
})

describe("a guidance by name", () => {
  it("has that name, and uses the prediction without the prompt only above 1", () => {
    for (const name of guidanceNames) {
      expect(guidanceNamed(name).name).toBe(name)
      expect([1, 1.01].map(guidanceNamed(name).usesUnconditional)).toEqual([false, true])
    }
  })

  it("that does not exist is refused with the names that do", () => {
    for (const name of ["cfg", "toString"]) {
      expect(() => guidanceNamed(name)).toThrow(RequestError)
      expect(() => guidanceNamed(name)).toThrow(
        `There is no guidance "${name}"; choose one of classifier-free, dynamic, rescaled, adaptive-projected.`,
      )
    }
  })
})

describe("guidance at clean latents, where an inversion starts", () => {
  it.each(guidanceNames)("stays finite: %s", (name) => {
    const level = { alpha: 1, sigma: 0, timestep: 0 }
    const { clean, noise } = guidanceNamed(name).combine({ ...input(6), level })
    expect([...clean.values(), ...noise.values()].every(Number.isFinite)).toBe(true)
  })
})
