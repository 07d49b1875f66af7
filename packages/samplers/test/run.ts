import {
  type Latents,
  type Level,
  linearCombination,
  matchLevel,
  type NoiseProcess,
  type Prediction,
  type Random,
  sameProcess,
  type SamplerShape,
  type SamplerState,
  initialState,
  Tensor,
} from "@auteur/core"

export type Network = (sample: Latents, level: Level) => Prediction

export const latentsOf = (values: ArrayLike<number>): Latents =>
  Tensor.from("batch frames channels height width", [1, 1, 1, 1, values.length], Float32Array.from(values))

export const normalLatents = (random: Random, size = 24): Latents => latentsOf(random.normal(size))

/** A network that knows the clean latents, so that only its noise depends on the sample. */
export const exactNetwork =
  (clean: Latents): Network =>
  (sample, { alpha, sigma }) => ({
    clean,
    noise: linearCombination([
      [1 / sigma, sample],
      [-alpha / sigma, clean],
    ]),
  })

/** A network that is a smooth function of its sample and level. */
export const smooth: Network = (sample, { alpha, sigma, timestep }) => {
  const velocity = latentsOf(sample.values().map((x) => Math.tanh(1.3 * x + timestep / 1000) - 0.4 * x))
  return {
    clean: linearCombination([
      [alpha, sample],
      [-sigma, velocity],
    ]),
    noise: linearCombination([
      [sigma, sample],
      [alpha, velocity],
    ]),
  }
}

/** A network of rectified flow: dx/dσ = f(x, σ), as a prediction. */
export const flowing =
  (f: (x: number, sigma: number) => number): Network =>
  (sample, { sigma }) => {
    const velocity = latentsOf(sample.values().map((x) => f(x, sigma)))
    return {
      clean: linearCombination([
        [1, sample],
        [-sigma, velocity],
      ]),
      noise: linearCombination([
        [1, sample],
        [1 - sigma, velocity],
      ]),
    }
  }

/** A network of one process for a sampler of another, by the pipeline's change of variables. */
export const onProcess =
  (from: NoiseProcess, process: NoiseProcess, network: Network): Network =>
  (sample, level) => {
    if (sameProcess(from, process)) return network(sample, level)
    const matched = matchLevel(process, level)
    return network(linearCombination([[matched.factor, sample]]), matched.level)
  }

/** Runs a sampler from `state`, at most `until` steps of the plan. */
export const runFrom = (
  sampler: SamplerShape,
  steps: number,
  state: SamplerState,
  network: Network,
  random: Random,
  until: number = Infinity,
): SamplerState => {
  const schedule = sampler.schedule(steps)
  let at = state
  while (at.index < Math.min(until, schedule.levels.length)) {
    at = sampler.step(schedule, at, network(at.sample, schedule.levels[at.index]!), random)
  }
  return at
}

export const run = (sampler: SamplerShape, steps: number, sample: Latents, network: Network, random: Random): Latents =>
  runFrom(sampler, steps, initialState(sample), network, random).sample

/** The largest absolute difference. */
export const distance = (a: Latents, b: Latents): number => {
  const other = b.values()
  return Math.max(...a.values().map((x, i) => Math.abs(x - other[i]!)))
}
