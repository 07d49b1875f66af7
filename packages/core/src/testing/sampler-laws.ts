import { Random } from "../random/random.ts"
import type { Schedule, SamplerShape, SamplerState } from "../services/sampler.ts"
import type { Latents } from "../tensor/tensor.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import { demand } from "./check.ts"
import { isSame, type Network, watch } from "./latents.ts"
import { samplerStateThroughCheckpoint } from "./through-checkpoint.ts"

/** The step that samplers and inversions have in common. */
export interface Stepper {
  readonly step: SamplerShape["step"]
}

/** Walks from a state to the end of the schedule, or up to a step of it, and checks each state on the way. */
export const walk = (
  { step }: Stepper,
  schedule: Schedule,
  state: SamplerState,
  network: Network,
  random: Random,
  until: number = schedule.levels.length,
): SamplerState => {
  let at = state
  while (at.index < until) {
    const prediction = network(at.sample, schedule.levels[at.index]!)
    const next = step(schedule, at, prediction, random)
    checkNext(at, next)
    at = next
  }
  return at
}

const checkNext = (state: SamplerState, next: SamplerState): void => {
  demand(
    next.index === state.index + 1,
    `A step at place ${state.index} gives the place ${next.index}: it has to add 1.`,
  )
  demand(
    next.beginIndex === state.beginIndex,
    `A step changes the place that the run began at from ${state.beginIndex} to ${next.beginIndex}: it has to keep it.`,
  )
  demand(
    next.sample.shape.join() === state.sample.shape.join(),
    `A step makes a sample of [${next.sample.shape.join(", ")}] out of [${state.sample.shape.join(", ")}]: it has to keep the shape.`,
  )
  for (const [name, latents] of [["sample", next.sample] as const, ...Object.entries(next.history)]) {
    demand(
      latents === undefined || allFinite(latents),
      `At place ${state.index}, "${name}" has values that are not finite.`,
    )
  }
}

const tensorsOf = ({ history }: SamplerState): ReadonlyArray<Latents> =>
  Object.values(history).filter((latents) => latents !== undefined)

/** A step must leave what it is given as it is: the state is saved meanwhile. */
export const checkLeavesInputs = (
  { step }: Stepper,
  schedule: Schedule,
  start: SamplerState,
  network: Network,
): void => {
  const levels = JSON.stringify(schedule)
  let state = start
  const random = Random.torch(5)
  while (state.index < schedule.levels.length) {
    const prediction = network(state.sample, schedule.levels[state.index]!)
    const inputs = [state.sample, prediction.clean, prediction.noise, ...tensorsOf(state)]
    const fields = JSON.stringify([state.index, state.beginIndex, Object.keys(state.history)])
    const isUnchanged = watch(inputs)
    const next = step(schedule, state, prediction, random)
    demand(
      isUnchanged(),
      `The step at place ${state.index} writes into a tensor that it was given: it has to make new ones.`,
    )
    demand(
      fields === JSON.stringify([state.index, state.beginIndex, Object.keys(state.history)]),
      `The step at place ${state.index} changes the state that it was given: it has to make a new one.`,
    )
    demand(levels === JSON.stringify(schedule), `The step at place ${state.index} changes the schedule.`)
    checkNext(state, next)
    state = next
  }
}

/** The same state, prediction and random numbers give the same bits; a step may keep nothing but what is in the state. */
export const checkDeterminism = (stepper: Stepper, schedule: Schedule, start: SamplerState, network: Network): void => {
  const first = walk(stepper, schedule, start, network, Random.torch(11))
  const again = walk(stepper, schedule, start, network, Random.torch(11))
  demand(
    isSame(first.sample, again.sample),
    "The same run made twice gives other bits: draw from the given random numbers alone.",
  )
}

/** Saved after each of its steps as a checkpoint and continued, a run ends with the bits that it would have had. */
export const checkResuming = (stepper: Stepper, schedule: Schedule, start: SamplerState, network: Network): void => {
  const whole = walk(stepper, schedule, start, network, Random.torch(21))
  for (let place = start.index; place <= schedule.levels.length; place++) {
    const random = Random.torch(21)
    const half = walk(stepper, schedule, start, network, random, place)
    const saved = samplerStateThroughCheckpoint(half, random)
    const end = walk(stepper, schedule, saved.state, network, saved.random)
    demand(
      isSame(end.sample, whole.sample),
      `Saved at place ${place} and continued, the run gives other bits: keep all that later steps need in the state's history.`,
    )
  }
}
