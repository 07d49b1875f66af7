import { PipelineError } from "../services/errors.ts"
import { componentName } from "../plugin/component-origin.ts"
import type { Schedule } from "../services/sampler.ts"

/** The plan that a sampler or an inversion made; throws a {@link PipelineError} when the network cannot be asked along it. */
export const checkSchedule = (
  kind: "sampler" | "inversion",
  part: { readonly name: string },
  schedule: Schedule,
): Schedule => {
  const who = componentName(kind, part, part.name)
  if (!Array.isArray(schedule?.levels) || schedule.levels.length === 0) {
    throw new PipelineError({ message: `${who} planned no levels: a plan has to hold at least one.` })
  }
  const odd = schedule.levels.findIndex(
    (level) => ![level?.alpha, level?.sigma, level?.timestep].every(Number.isFinite),
  )
  if (odd === -1) return schedule
  throw new PipelineError({
    message: `${who} planned a level ${odd} that is ${JSON.stringify(schedule.levels[odd])}: "alpha", "sigma" and "timestep" have to be finite numbers.`,
  })
}
