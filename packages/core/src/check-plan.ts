import { PipelineError } from "./errors.ts"
import { partName } from "./part-origin.ts"
import type { Plan } from "./sampler.ts"

/** The plan that a sampler or an inversion made; throws a {@link PipelineError} when the network cannot be asked along it. */
export const checkPlan = (kind: "sampler" | "inversion", part: { readonly name: string }, plan: Plan): Plan => {
  const who = partName(kind, part, part.name)
  if (!Array.isArray(plan?.levels) || plan.levels.length === 0) {
    throw new PipelineError({ message: `${who} planned no levels: a plan has to hold at least one.` })
  }
  const odd = plan.levels.findIndex((level) => ![level?.alpha, level?.sigma, level?.timestep].every(Number.isFinite))
  if (odd === -1) return plan
  throw new PipelineError({
    message: `${who} planned a level ${odd} that is ${JSON.stringify(plan.levels[odd])}: "alpha", "sigma" and "timestep" have to be finite numbers.`,
  })
}
