import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { PipelineError, RequestError } from "../services/errors.ts"
import type { SamplerState } from "../services/sampler.ts"
import { isLatents, type Latents } from "../tensor/tensor.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import type { StartKind } from "./video-request.ts"

/** The error for a component that threw; what is already a {@link PipelineError} stays. */
export const componentError = (component: string, thrown: unknown): PipelineError => {
  if (thrown instanceof PipelineError) return thrown
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new PipelineError({ message: `${component} failed: ${reason}`, cause: thrown })
}

/** Fails with a {@link PipelineError} that is thrown inside of an effect. */
export const failWithThrown = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E | PipelineError, R> =>
  Effect.catchDefect(effect, (thrown) => (thrown instanceof PipelineError ? Effect.fail(thrown) : Effect.die(thrown)))

/** Calls a component and fails with an error that names it where it throws: a stack helps nobody who uses a third party's. */
export const guarded = <A, E, R>(
  component: string,
  call: () => Effect.Effect<A, E, R>,
): Effect.Effect<A, E | PipelineError, R> =>
  Effect.catchDefect(Effect.suspend(call), (thrown) => Effect.fail(componentError(component, thrown)))

/** {@link guarded} for a component that gives its value at once. */
export const guardedSync = <A>(component: string, call: () => A): Effect.Effect<A, PipelineError> =>
  Effect.try({ try: call, catch: (thrown) => componentError(component, thrown) })

/** A component that only some starts need; a {@link RequestError} where its layer is missing. */
export const requireComponent = <Id, Component>(
  key: Context.Key<Id, Component>,
  start: StartKind,
  kind: string,
): Effect.Effect<Component, RequestError> =>
  Effect.flatMap(
    Effect.serviceOption(key),
    Option.match({
      onSome: Effect.succeed,
      onNone: () =>
        Effect.fail(new RequestError({ message: `The start "${start}" needs an ${kind}: provide the layer of one.` })),
    }),
  )

/** Checks the state that a component made of another: one step further, with finite latents of the same shape. */
export const checkState = (
  component: string,
  state: SamplerState,
  next: SamplerState | undefined,
  at: string,
): Effect.Effect<void, PipelineError> => {
  if (next?.index === undefined || next.history === undefined) {
    return fail(`${component} gave no state ${at}: a step has to give { index, beginIndex, sample, history }.`)
  }
  if (next.index !== state.index + 1 || next.beginIndex !== state.beginIndex) {
    return fail(
      `${component} went from step ${state.index} of a run that began at step ${state.beginIndex} to step ${next.index} of one that began at step ${next.beginIndex}: a step has to add 1 to "index" and keep "beginIndex".`,
    )
  }
  return checkLatents(component, state.sample, next.sample, at)
}

/** Checks that latents have the shape of those that they were made of, and are all finite. */
export const checkLatents = (
  component: string,
  before: Latents,
  after: Latents | undefined,
  at: string,
): Effect.Effect<void, PipelineError> => {
  const wanted = `[${before.shape.join(", ")}]`
  if (!isLatents(after)) {
    return fail(`${component} gave no latents ${at}: a step has to give float32 latents of ${wanted}.`)
  }
  if (after.shape.join() !== before.shape.join()) {
    return fail(
      `${component} gave latents of [${after.shape.join(", ")}] for ${wanted} ${at}: a step has to keep the shape.`,
    )
  }
  if (allFinite(after.contiguous())) return Effect.void
  return fail(`${component} gave values that are not finite ${at}: use more steps or another sampler.`)
}

const fail = (message: string): Effect.Effect<never, PipelineError> => Effect.fail(new PipelineError({ message }))
