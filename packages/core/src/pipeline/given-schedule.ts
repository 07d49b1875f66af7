import { levelAt, matchLevel } from "../noise/noise-levels.ts"
import type { Level } from "../noise/noise-process.ts"
import { RequestError } from "../services/errors.ts"
import type { SamplerShape, Schedule } from "../services/sampler.ts"
import type { PipelineRequest } from "./pipeline-request.ts"
import { requestDefaults } from "./video-request.ts"

/** The steps of a request; throws a {@link RequestError} where they are not as many as its timesteps or sigmas. */
export const stepsOf = ({
  steps,
  timesteps,
  sigmas,
}: Pick<PipelineRequest, "steps" | "timesteps" | "sigmas">): number => {
  if (timesteps !== undefined && sigmas !== undefined) {
    throw error("timesteps and sigmas are both given: give one of them")
  }
  const [name, list] = timesteps === undefined ? ["sigmas", sigmas] : ["timesteps", timesteps]
  if (list === undefined) return steps ?? requestDefaults.steps
  if (steps === undefined || steps === list.length) return list.length
  throw error(`steps is ${steps}, but ${name} has ${list.length} entries: leave steps out`)
}

/** The sampler's own schedule, or the one over given timesteps or sigmas; throws a {@link RequestError} for levels that its process does not have. */
export const scheduleOf = (
  sampler: SamplerShape,
  steps: number,
  { timesteps, sigmas }: Pick<PipelineRequest, "timesteps" | "sigmas">,
): Schedule => {
  if (timesteps === undefined && sigmas === undefined) return sampler.schedule(steps)
  const { process } = sampler
  const isTable = process.kind === "variance-preserving"
  const most = isTable ? process.alphasCumprod.length - 1 : 1000
  const levels =
    timesteps === undefined
      ? sigmas!.map((sigma) => {
          if (!(sigma > 0 && sigma <= 1)) throw error(`sigmas holds ${sigma}: give numbers above 0, up to 1`)
          const { timestep } = matchLevel(process, { alpha: 1 - sigma, sigma, timestep: 1000 * sigma }).level
          return levelAt(process, isTable ? Math.round(timestep) : timestep)
        })
      : timesteps.map((timestep) => {
          const isLegal = isTable ? Number.isInteger(timestep) && timestep >= 0 : timestep > 0
          if (isLegal && timestep <= most) return levelAt(process, timestep)
          const expected = isTable ? `whole numbers from 0 to ${most}` : `numbers above 0, up to ${most}`
          throw error(`timesteps holds ${timestep}: give ${expected} for the sampler "${sampler.name}"`)
        })
  const rising = levels.findIndex((level, i) => i > 0 && level.timestep >= levels[i - 1]!.timestep)
  if (rising !== -1) {
    const name = timesteps === undefined ? "sigmas" : "timesteps"
    throw error(
      `${name} does not fall at its entry ${rising}, which is timestep ${levels[rising]!.timestep} after ${levels[rising - 1]!.timestep} for the sampler "${sampler.name}": each has to be below the one before`,
    )
  }
  return { levels: entriesOf(sampler, levels), given: true }
}

/** Heun's method lists each level but the first twice: as the end of one step and as the start of the next. */
const entriesOf = (sampler: SamplerShape, levels: ReadonlyArray<Level>): ReadonlyArray<Level> => {
  const [, second, third] = sampler.schedule(2).levels
  const isTwice = third !== undefined && third.timestep === second?.timestep
  return isTwice ? levels.flatMap((level, i) => (i === 0 ? [level] : [level, level])) : levels
}

const error = (problem: string): RequestError => new RequestError({ message: `${problem}.` })
