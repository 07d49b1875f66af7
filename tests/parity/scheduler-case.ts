import {
  addNoise,
  type Latents,
  levelAt,
  linearCombination,
  Random,
  initialState,
  Tensor,
  toPrediction,
} from "@auteur/core"
import { samplerFromConfig, trainingProcess } from "@auteur/samplers"

/** A tensor of `io.safetensors`. */
export interface CaseTensor {
  readonly shape: ReadonlyArray<number>
  readonly data: ArrayLike<number | bigint>
}

export type CaseTensors = ReadonlyMap<string, CaseTensor>

/** `case.json` of a trajectory; that of `add-noise` names in `config` the case whose process it uses. */
export interface SchedulerCase {
  readonly class?: string
  readonly config: Readonly<Record<string, unknown>> | string
  readonly model?: string
  readonly generator_seed?: string
  /** The step that the run begins at, as in video-to-video. */
  readonly begin?: number
}

export interface CaseResult {
  readonly name: string
  /** The largest absolute difference from the reference value. */
  readonly error: number
  /** What the error may be at most: in proportion to the largest value where that is above 1. */
  readonly bound: number
}

const knownModel = "tanh(1.3*x + t/1000) - 0.4*x"

const layout = "batch frames channels height width"

const toLatents = ({ data }: CaseTensor): Latents =>
  Tensor.from(layout, [1, 1, 1, 1, data.length], Float32Array.from(data as ArrayLike<number>))

const tensorNamed = (tensors: CaseTensors, name: string): CaseTensor => {
  const tensor = tensors.get(name)
  if (tensor === undefined) throw new Error(`io.safetensors has no tensor "${name}".`)
  return tensor
}

const largestError = (found: ArrayLike<number>, expected: CaseTensor): number => {
  if (found.length !== expected.data.length) return Infinity
  let error = 0
  for (let i = 0; i < found.length; i++) {
    const difference = Math.abs(Math.fround(found[i]!) - Number(expected.data[i]))
    // Not a number is the largest error.
    if (!(difference <= error)) error = Number.isNaN(difference) ? Infinity : difference
  }
  return error
}

/** Eight times what float32 can tell apart at the largest value: more than 2e-5 only for DDPM with ε, which reaches thousands. */
const roundingOf = ({ data }: CaseTensor): number =>
  8 * 2 ** -23 * Array.from(data, Number).reduce((most, x) => Math.max(most, Math.abs(x)), 0)

/** The case's stand-in for a network, in float32 as the reference evaluates it. */
const answer = (sample: Latents, timestep: number): Latents => {
  const round = Math.fround
  const [slope, shift, pull] = [round(1.3), round(timestep / 1000), round(0.4)]
  const data = sample.values().map((x) => round(Math.tanh(round(round(x * slope) + shift))) - round(pull * x))
  return Tensor.from(layout, sample.shape, data)
}

/** "0+1000+N" for N steps. */
const seedFor = (formula: string, steps: number): number =>
  formula.split("+").reduce((sum, term) => sum + (term.trim() === "N" ? steps : Number(term)), 0)

const trajectory = (json: SchedulerCase, tensors: CaseTensors, steps: number): Array<CaseResult> => {
  if (json.model !== knownModel) {
    throw new Error(`case.json has the model "${json.model}"; this driver knows "${knownModel}".`)
  }
  const { sampler, prediction } = samplerFromConfig({ _class_name: json.class, ...(json.config as object) })
  const results: Array<CaseResult> = []
  const compare = (name: string, found: ArrayLike<number>, bound: number): void => {
    const expected = tensors.get(`out.${name}`)
    if (expected === undefined) return
    const least = bound === 0 ? 0 : Math.max(bound, roundingOf(expected))
    results.push({ name, error: largestError(found, expected), bound: least })
  }
  const schedule = sampler.schedule(steps)
  compare(
    `timesteps.${steps}`,
    schedule.levels.map((level) => level.timestep),
    0,
  )
  compare(`sigmas.${steps}`, [...schedule.levels.map((level) => level.sigma), 0], 1e-6)

  const random = Random.torch(seedFor(json.generator_seed ?? "0", steps))
  let state = initialState(toLatents(tensorNamed(tensors, `in.sample.${steps}`)), json.begin)
  for (const level of schedule.levels.slice(state.beginIndex)) {
    const output = answer(state.sample, level.timestep)
    const { index } = state
    state = sampler.step(schedule, state, toPrediction(prediction, state.sample, level, output), random)
    compare(`sample.${steps}.${index}`, state.sample.values(), 2e-5)
  }
  compare(`final.${steps}`, state.sample.values(), 2e-5)
  return results
}

const forwardProcess = (config: Readonly<Record<string, unknown>>, tensors: CaseTensors): Array<CaseResult> => {
  const { process } = trainingProcess(config)
  if (process.kind !== "variance-preserving") throw new Error("The forward process of a table needs a table.")
  const [x, noise, t] = ["in.x", "in.noise", "in.t"].map((name) => tensorNamed(tensors, name)) as [
    CaseTensor,
    CaseTensor,
    CaseTensor,
  ]
  const [clean, eps] = [toLatents(x), toLatents(noise)]
  const row = x.data.length / t.data.length
  const rows = Array.from(t.data, (timestep, i) => {
    const level = levelAt(process, Number(timestep))
    const part = (latents: Latents): Latents => latents.slice("width", i * row, (i + 1) * row)
    return { level, clean: part(clean), noise: part(eps) }
  })
  const noisy = rows.flatMap(({ level, clean, noise }) => [...addNoise(clean, noise, level).values()])
  const velocity = rows.flatMap(({ level, clean, noise }) => [
    ...linearCombination([
      [level.alpha, noise],
      [-level.sigma, clean],
    ]).values(),
  ])
  return [
    { name: "alphas_cumprod", found: process.alphasCumprod, bound: 1e-6 },
    { name: "noisy", found: noisy, bound: 2e-5 },
    { name: "velocity", found: velocity, bound: 2e-5 },
  ].map(({ name, found, bound }) => ({
    name,
    error: largestError(found, tensorNamed(tensors, `out.${name}`)),
    bound,
  }))
}

/**
 * Runs one folder of `golden/schedulers`: compares timesteps, σ and every sample of every run that its tensors hold.
 *
 * `caseNamed` answers with the `case.json` of another folder; only `add-noise` needs it.
 */
export const schedulerCase = (
  json: SchedulerCase,
  tensors: CaseTensors,
  caseNamed?: (name: string) => SchedulerCase,
): Array<CaseResult> => {
  if (typeof json.config === "string") {
    const other = caseNamed?.(json.config)
    if (other === undefined || typeof other.config === "string") {
      throw new Error(`case.json takes its config from "${json.config}"; give schedulerCase a way to read it.`)
    }
    return forwardProcess({ _class_name: other.class, ...other.config }, tensors)
  }
  const steps = [...tensors.keys()].flatMap((name) => /^in\.sample\.(\d+)$/.exec(name)?.[1] ?? []).map(Number)
  return steps.toSorted((a, b) => a - b).flatMap((n) => trajectory(json, tensors, n))
}
