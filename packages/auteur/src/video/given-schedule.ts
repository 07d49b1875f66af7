import { type Level, levelAt, matchLevel, RequestError, type SamplerShape } from "@auteur/core"

/** The levels of the steps, where a request gives them itself. */
export interface GivenSchedule {
  /** The timesteps of the steps, from the noisiest on, in the sampler's own process; in place of `steps`. */
  readonly timesteps?: ReadonlyArray<number> | undefined
  /** The noise levels of the steps, from the noisiest on, as σ of rectified flow in 0…1; in place of `steps`. */
  readonly sigmas?: ReadonlyArray<number> | undefined
}

/** The number of steps of a given schedule; throws a {@link RequestError} where `steps` says otherwise. */
export const givenSteps = ({ timesteps, sigmas }: GivenSchedule, steps: number | undefined): number | undefined => {
  if (timesteps !== undefined && sigmas !== undefined)
    throw refusal("timesteps and sigmas are both given: give one of them")
  const [name, list] = timesteps === undefined ? ["sigmas", sigmas] : ["timesteps", timesteps]
  if (list === undefined) return steps
  if (!Array.isArray(list) || list.length === 0) throw refusal(`${name} is not a list of numbers: give at least one`)
  if (steps === undefined || steps === list.length) return list.length
  throw refusal(`steps is ${steps}, but ${name} has ${list.length} entries: leave steps out`)
}

/** A sampler that steps along the given levels; throws a {@link RequestError} for levels that its process does not have. */
export const withSchedule = (sampler: SamplerShape, { timesteps, sigmas }: GivenSchedule): SamplerShape => {
  if (timesteps === undefined && sigmas === undefined) return sampler
  const { process } = sampler
  const isTable = process.kind === "variance-preserving"
  const most = isTable ? process.alphasCumprod.length - 1 : 1000
  const levels =
    timesteps === undefined
      ? sigmas!.map((sigma) => {
          if (!(sigma > 0 && sigma <= 1)) throw refusal(`sigmas holds ${sigma}: give numbers above 0, up to 1`)
          const { timestep } = matchLevel(process, { alpha: 1 - sigma, sigma, timestep: 1000 * sigma }).level
          return levelAt(process, isTable ? Math.round(timestep) : timestep)
        })
      : timesteps.map((timestep) => {
          const isLegal = isTable ? Number.isInteger(timestep) && timestep >= 0 : timestep > 0
          if (isLegal && timestep <= most) return levelAt(process, timestep)
          const expected = isTable ? `whole numbers from 0 to ${most}` : `numbers above 0, up to ${most}`
          throw refusal(`timesteps holds ${timestep}: give ${expected} for the sampler "${sampler.name}"`)
        })
  const rising = levels.findIndex((level, i) => i > 0 && level.timestep >= levels[i - 1]!.timestep)
  if (rising !== -1) {
    const name = timesteps === undefined ? "sigmas" : "timesteps"
    throw refusal(
      `${name} does not fall at its entry ${rising}, which is timestep ${levels[rising]!.timestep} after ${levels[rising - 1]!.timestep} for the sampler "${sampler.name}": each has to be below the one before`,
    )
  }
  return { ...sampler, schedule: () => ({ levels: entriesOf(sampler, levels), given: true }) }
}

/** Heun's method lists each level but the first twice: as the end of one step and as the start of the next. */
const entriesOf = (sampler: SamplerShape, levels: ReadonlyArray<Level>): ReadonlyArray<Level> => {
  const [, second, third] = sampler.schedule(2).levels
  const isTwice = third !== undefined && third.timestep === second?.timestep
  return isTwice ? levels.flatMap((level, i) => (i === 0 ? [level] : [level, level])) : levels
}

const refusal = (problem: string): RequestError => new RequestError({ message: `${problem}.` })
