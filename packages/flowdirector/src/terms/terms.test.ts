import { type Latents, Random, Tensor } from "@auteur/core"
import { describe, expect, it } from "vitest"
import { averagingGuidance } from "./averaging-guidance.ts"
import { directionControl } from "./direction-control.ts"
import { motionControl } from "./motion-control.ts"

const [F, C, plane] = [3, 4, 6] as const
const shape = [1, F, C, 2, 3] as const
const latents = (seed: number): Latents =>
  Tensor.from("batch frames channels height width", [...shape], Random.torch(seed).normal(F * C * plane))
const at = (x: Latents, f: number, c: number, p: number): number => x.values()[(f * C + c) * plane + p]!

/** The largest difference to a formula that is computed in double precision. */
const farthest = (x: Latents, formula: (f: number, c: number, p: number) => number): number => {
  let most = 0
  for (let f = 0; f < F; f++)
    for (let c = 0; c < C; c++)
      for (let p = 0; p < plane; p++) most = Math.max(most, Math.abs(at(x, f, c, p) - formula(f, c, p)))
  return most
}

describe("direction control", () => {
  it("is the projection formula, at each position over the channels", () => {
    const [V, S] = [latents(1), latents(2)]
    const alpha = 0.25
    const controlled = directionControl(V, S, { alpha })
    let [along, against] = [0, 0]
    const far = farthest(controlled, (f, c, p) => {
      let [dot, norm] = [0, 0]
      for (let k = 0; k < C; k++) {
        dot += at(V, f, k, p) * at(S, f, k, p)
        norm += at(S, f, k, p) ** 2
      }
      const parallel = (dot / (norm + 1e-8)) * at(S, f, c, p)
      const rest = at(V, f, c, p) - parallel
      if (dot >= 0) along++
      else against++
      return dot >= 0 ? rest : (1 + alpha) * parallel + rest
    })
    expect(far).toBeLessThan(1e-5)
    expect(Math.min(along, against)).toBeGreaterThan(0)
  })

  it("leaves a difference of zero, and one without a source velocity, as it is", () => {
    const zero = Tensor.zeros("batch frames channels height width", [...shape])
    expect(directionControl(zero, latents(2)).values()).toEqual(zero.values())
    expect(directionControl(latents(1), zero).values()).toEqual(latents(1).values())
  })
})

describe("differential averaging guidance", () => {
  const draws = [1, 2, 3, 4].map(latents)
  const mean = (chosen: ReadonlyArray<Latents>, i: number) =>
    chosen.reduce((sum, draw) => sum + draw.values()[i]!, 0) / chosen.length

  it("moves the mean of all draws away from the mean of those least like it", () => {
    const cosines = draws.map((draw) => {
      let [dot, xx, yy] = [0, 0, 0]
      draw.values().forEach((x, i) => {
        const y = mean(draws, i)
        dot += x * y
        xx += x * x
        yy += y * y
      })
      return dot / Math.sqrt(xx * yy)
    })
    const worst = [0, 1, 2, 3].toSorted((a, b) => cosines[a]! - cosines[b]!).slice(0, 2)
    const guided = averagingGuidance(draws, { baseline: 2, weight: 2.75 })
    guided.values().forEach((value, i) => {
      const high = mean(draws, i)
      const low = mean(
        worst.map((k) => draws[k]!),
        i,
      )
      expect(Math.abs(value - (high + 2.75 * (high - low)))).toBeLessThan(1e-5)
    })
  })

  it("changes with its weight, unlike the released code's", () => {
    const by = (weight: number) => [...averagingGuidance(draws, { baseline: 2, weight }).values()]
    expect(by(1)).not.toEqual(by(2))
    expect(by(0)).not.toEqual(by(1))
  })

  it("is the one draw, or the mean where every draw is in the baseline", () => {
    expect(averagingGuidance([draws[0]!]).values()).toEqual(draws[0]!.values())
    expect(averagingGuidance(draws, { baseline: 4 }).values()).toEqual(averagingGuidance(draws, { weight: 0 }).values())
  })
})

describe("motion control", () => {
  it("leads back the change, less the part of it that all frames share", () => {
    const [y, target, source] = [latents(1), latents(2), latents(3)]
    const [zeta, phi] = [0.01, 0.3]
    const far = farthest(motionControl(y, target, source, { zeta, phi }), (f, c, p) => {
      const change = (frame: number) => at(target, frame, c, p) - at(source, frame, c, p)
      const shared = (change(0) + change(1) + change(2)) / F
      return at(y, f, c, p) - zeta * (change(f) - phi * shared)
    })
    expect(far).toBeLessThan(1e-5)
  })

  it("changes nothing, to the bit, where both branches are alike", () => {
    const [y, both] = [latents(1), latents(2)]
    expect(motionControl(y, both, both).values()).toEqual(y.values())
  })
})
