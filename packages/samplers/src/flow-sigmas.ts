import { type Level, RequestError } from "@auteur/core"

/** What the samplers of rectified flow are made from. */
export interface FlowSettings {
  /** T: the network is told T·σ. */
  readonly trained: number
  /** s of σ ← s·σ / (1 + (s − 1)·σ): above 1 spends more steps on noisy levels. */
  readonly shift: number
  /** The σ that the last step starts from, where it is given. */
  readonly shiftTerminal: number | undefined
}

/** A level of rectified flow; `timestep` is what the network is told. */
export const flowLevel = (sigma: number, timestep: number): Level => ({ alpha: 1 - sigma, sigma, timestep })

/** `numpy.linspace`. */
export const linspace = (start: number, end: number, count: number): Array<number> => {
  const step = (end - start) / (count - 1)
  return Array.from({ length: count }, (_, i) => (i === 0 ? start : i === count - 1 ? end : i * step + start))
}

/** Shifts the σ of a run, then stretches them to the terminal σ where there is one. */
export const shiftSigmas = (
  { shift, shiftTerminal }: FlowSettings,
  sigmas: ReadonlyArray<number>,
): ReadonlyArray<number> => {
  const shifted = sigmas.map((sigma) => (shift * sigma) / (1 + (shift - 1) * sigma))
  if (shiftTerminal === undefined) return shifted
  const last = 1 - shifted.at(-1)!
  if (last === 0) {
    throw new RequestError({
      message: `A run of ${sigmas.length} step cannot end at the scheduler's shift_terminal ${shiftTerminal}; ask for at least 2 steps.`,
    })
  }
  const stretch = last / (1 - shiftTerminal)
  return shifted.map((sigma) => 1 - (1 - sigma) / stretch)
}

/** The largest and smallest σ that the model was trained on, shifted, in the reference's float32. */
const trainedRange = ({ trained, shift }: FlowSettings): readonly [number, number] => {
  const round = Math.fround
  const shifted = (sigma: number): number =>
    round(round(round(shift) * sigma) / round(1 + round(round(shift - 1) * sigma)))
  return [shifted(1), shifted(round(1 / trained))]
}

/**
 * The levels of a run of N Euler steps.
 *
 * The reference spaces σ evenly between *already shifted* ends and shifts the result again; models are used with that grid.
 */
export const flowLevels = (settings: FlowSettings, steps: number): ReadonlyArray<Level> => {
  const { trained } = settings
  const [largest, smallest] = trainedRange(settings)
  const even = linspace(largest * trained, smallest * trained, steps).map((timestep) => timestep / trained)
  return shiftSigmas(settings, even)
    .map(Math.fround)
    .map((sigma) => flowLevel(sigma, Math.fround(sigma * trained)))
}
