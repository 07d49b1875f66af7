import { type Level, levelAt, matchLevel, rectifiedFlow, RequestError } from "@auteur/core"
import { checkSteps, type DiffusionSettings, spacedTimesteps } from "./timesteps.ts"

/** The levels of a run of N steps along rectified flow, in falling order; a `RequestError` when there is no run of N steps. */
export type FlowGrid = (steps: number) => ReadonlyArray<Level>

/** The parameters of the samplers of rectified flow. */
export interface FlowSettings {
  readonly grid: FlowGrid
}

/** The spacing of a run's σ in a scheduler's config. */
export interface SigmaSpacing {
  /** T: the network is given T · σ. */
  readonly trained: number
  /** s of σ ← s·σ / (1 + (s − 1)·σ): above 1 spends more steps on noisy levels. */
  readonly shift: number
  /** The σ of the last step, where the config has one. */
  readonly shiftTerminal: number | undefined
}

/** A level of rectified flow, with the timestep that the network is given. */
const flowLevel = (sigma: number, timestep: number): Level => ({ alpha: 1 - sigma, sigma, timestep })

/** The level of clean latents, where every run ends. */
export const noNoise: Level = flowLevel(0, 0)

/** `numpy.linspace`. */
const linspace = (start: number, end: number, count: number): Array<number> => {
  const step = (end - start) / (count - 1)
  return Array.from({ length: count }, (_, i) => (i === 0 ? start : i === count - 1 ? end : i * step + start))
}

/** s·σ / (1 + (s − 1)·σ). */
export const shifted = (shift: number, sigma: number): number => (shift * sigma) / (1 + (shift - 1) * sigma)

/** Shifts the σ of a run, then stretches them to the terminal σ where there is one. */
const shiftSigmas = ({ shift, shiftTerminal }: SigmaSpacing, sigmas: ReadonlyArray<number>): ReadonlyArray<number> => {
  const moved = sigmas.map((sigma) => shifted(shift, sigma))
  if (shiftTerminal === undefined) return moved
  const last = 1 - moved.at(-1)!
  if (last === 0) {
    throw new RequestError({
      message: `A run of ${sigmas.length} step cannot end at the scheduler's shift_terminal ${shiftTerminal}: use at least 2 steps.`,
    })
  }
  const stretch = last / (1 - shiftTerminal)
  return moved.map((sigma) => 1 - (1 - sigma) / stretch)
}

/** The largest and smallest σ that the model was trained on, shifted, in the reference's float32. */
const trainedRange = ({ trained, shift }: SigmaSpacing): readonly [number, number] => {
  const round = Math.fround
  const rounded = (sigma: number): number =>
    round(round(round(shift) * sigma) / round(1 + round(round(shift - 1) * sigma)))
  return [rounded(1), rounded(round(1 / trained))]
}

/**
 * The levels of the reference's Euler and Heun.
 *
 * It spaces σ evenly between ends that are *already shifted*, and shifts the result again.
 */
export const eulerGrid =
  (spacing: SigmaSpacing): FlowGrid =>
  (steps) => {
    checkSteps(steps, Infinity)
    const { trained } = spacing
    const [largest, smallest] = trainedRange(spacing)
    const even = linspace(largest * trained, smallest * trained, steps).map((timestep) => timestep / trained)
    return shiftSigmas(spacing, even)
      .map(Math.fround)
      .map((sigma) => flowLevel(sigma, Math.fround(sigma * trained)))
  }

/** The nearest σ below pure noise, for which λ = ln(α/σ) is infinite. */
const belowPureNoise = (sigma: number): number => (Math.abs(sigma - 1) < 1e-6 ? sigma - 1e-6 : sigma)

/** The levels of the reference's UniPC, with whole timesteps. */
export const uniPcGrid =
  (spacing: SigmaSpacing): FlowGrid =>
  (steps) => {
    checkSteps(steps, Infinity)
    const { trained } = spacing
    const even = linspace(1, 1 / trained, steps + 1).slice(0, steps)
    return shiftSigmas(spacing, even)
      .map(belowPureNoise)
      .map((sigma) => flowLevel(Math.fround(sigma), Math.trunc(sigma * trained)))
  }

/** The same levels, with a little signal in pure noise, as UniPC needs it. */
export const withSignal =
  (grid: FlowGrid): FlowGrid =>
  (steps) =>
    grid(steps).map((level) => {
      const sigma = belowPureNoise(level.sigma)
      return sigma === level.sigma ? level : flowLevel(sigma, 1000 * sigma)
    })

/**
 * The levels of rectified flow at a diffusion model's own trained timesteps, spaced `trailing`: the levels of flow samplers on such a model.
 *
 * Euler's method along them is DDIM. A `RequestError` for more steps than there are timesteps.
 */
export const matchedGrid =
  (process: DiffusionSettings["process"]): FlowGrid =>
  (steps) =>
    spacedTimesteps({ spacing: "trailing", trained: process.alphasCumprod.length, steps, offset: 0 }).map(
      (timestep) => matchLevel(rectifiedFlow, levelAt(process, timestep)).level,
    )
