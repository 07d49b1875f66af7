import {
  decodeSafetensors,
  type GuidanceInput,
  type Latents,
  type Level,
  linearCombination,
  type NoiseProcess,
  type Prediction,
  rectifiedFlow,
  Tensor,
  toPrediction,
  variancePreserving,
} from "@auteur/core"
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { distance } from "../../test/run.ts"
import { adaptiveProjected } from "./adaptive-projected.ts"
import { classifierFree } from "./classifier-free.ts"
import { rescaledGuidance } from "./rescaled.ts"

const { tensors } = decodeSafetensors(
  readFileSync(join(import.meta.dirname, "../../test/golden-guidance/io.safetensors")),
)
const numbers = (name: string): Float32Array => tensors.get(name)!.data as Float32Array
const latents = (name: string): Latents => {
  const { shape, data } = tensors.get(name)!
  return Tensor.from("batch frames channels height width", shape as Latents["shape"], data as Float32Array)
}

const diffusion = variancePreserving(Float64Array.of(0.9, 0))
const scale = 6
const place = { scale, index: 0, steps: 4 }

const sampleOf = ({ clean, noise }: Prediction, { alpha, sigma }: Level): Latents =>
  linearCombination([
    [alpha, clean],
    [sigma, noise],
  ])

describe("rescaled guidance", () => {
  const cases = [
    ...[0, 1, 2].map((i) => ({ name: `diffusion.${i}`, process: diffusion, type: "v_prediction" as const })),
    ...[0, 1, 2].map((i) => ({ name: `flow.${i}`, process: rectifiedFlow, type: "flow" as const })),
  ]

  it.each(cases)("$name is the reference's rescaled output, for the same sample", ({ name, process, type }) => {
    const [alpha, sigma] = numbers(`${name}.level`) as unknown as [number, number]
    const level: Level = { alpha, sigma, timestep: 1 }
    const x = latents(`${name}.x`)
    const read = (output: string) => toPrediction(type, x, level, latents(`${name}.${output}`))
    const input: GuidanceInput = {
      ...place,
      conditional: read("cond"),
      unconditional: read("uncond"),
      level,
      process,
      state: new Map(),
    }
    const guided = rescaledGuidance().combine(input)
    const expected = read("rescaled")
    expect(distance(guided.clean, expected.clean)).toBeLessThan(1e-5)
    expect(distance(guided.noise, expected.noise)).toBeLessThan(1e-5)
    expect(distance(sampleOf(guided, level), x)).toBeLessThan(1e-5)
    expect(distance(guided.clean, classifierFree.combine(input).clean)).toBeGreaterThan(0.1)
  })
})

describe("adaptive projected guidance", () => {
  const level: Level = { alpha: 0.6, sigma: 0.8, timestep: 500 }
  const process: NoiseProcess = diffusion

  /** Both predictions of clean latents, with the noise that belongs to one sample. */
  const at = (name: string, i: number, state: GuidanceInput["state"]): GuidanceInput => {
    const x = latents("diffusion.1.x")
    const read = (output: string) => toPrediction("sample", x, level, latents(`${name}.${i}.${output}`))
    return { ...place, index: i, conditional: read("cond"), unconditional: read("uncond"), level, process, state }
  }
  const guidanceOf = (name: string) => {
    const [eta, threshold, momentum] = numbers(`${name}.options`) as unknown as [number, number, number]
    return adaptiveProjected({ eta, threshold: threshold === 0 ? Infinity : threshold, momentum })
  }

  it.each(["paper", "kept", "plain"])('with the settings "%s", every step of a run is the reference\'s', (name) => {
    const guidance = guidanceOf(name)
    const state: GuidanceInput["state"] = new Map()
    for (let i = 0; i < 4; i++) {
      const guided = guidance.combine(at(name, i, state))
      expect(distance(guided.clean, latents(`${name}.${i}.guided`))).toBeLessThan(2e-5)
      expect(distance(sampleOf(guided, level), latents("diffusion.1.x"))).toBeLessThan(2e-5)
    }
  })

  it("is classifier-free guidance where nothing is taken out, held or remembered", () => {
    const input = at("plain", 0, new Map())
    const { clean } = guidanceOf("plain").combine(input)
    expect(distance(clean, classifierFree.combine(input).clean)).toBeLessThan(1e-5)
  })

  it("continues from a saved state bit for bit, and not without it", () => {
    const guidance = guidanceOf("paper")
    const state: GuidanceInput["state"] = new Map()
    for (let i = 0; i < 2; i++) guidance.combine(at("paper", i, state))
    const saved = new Map(state)
    const guided = guidance.combine(at("paper", 2, state)).clean.values()
    expect(guidance.combine(at("paper", 2, saved)).clean.values()).toEqual(guided)
    expect(guidance.combine(at("paper", 2, new Map())).clean.values()).not.toEqual(guided)
  })
})
