import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { Random } from "../random/random.ts"
import { Denoiser } from "../services/denoiser.ts"
import { Editor, type EditorShape } from "../services/editor.ts"
import { CheckpointError, type RequestError } from "../services/errors.ts"
import { Guidance } from "../services/guidance.ts"
import { Sampler } from "../services/sampler.ts"
import { VideoVae } from "../services/video-vae.ts"
import type { Checkpoint } from "./checkpoint.ts"
import { failWithThrown } from "./component-error.ts"
import { decodeVideo } from "./decode.ts"
import { sourceOf } from "./edit.ts"
import { type GenerateError, runEvents } from "./generate.ts"
import { resumedLatents } from "./initial-latents.ts"
import { planRun, type RunPlan } from "./plan.ts"
import { requireMemory } from "./require-memory.ts"
import type { Components, GenerateEvent, Run, RunOptions } from "./run.ts"

/**
 * Continues a run after the step that the checkpoint was made at, bit for bit as if it had not stopped. After the last step only
 * the decoding is left, and neither the text encoder nor the network is called.
 */
export const resume = <E = never>(
  checkpoint: Checkpoint,
  options: RunOptions<E> = {},
): Stream.Stream<GenerateEvent, GenerateError | E, Components> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const { state, image, componentStates, given } = checkpoint
      const editor = Option.getOrUndefined(yield* Effect.serviceOption(Editor))
      const { plan, random } = yield* checkCheckpoint(checkpoint, editor, options)
      yield* requireMemory(plan.request, plan)
      if (plan.beginIndex === plan.schedule.levels.length) return decodeVideo(state.sample, plan.size)
      const run: Run<E> = {
        plan,
        given,
        random,
        states: { denoiser: new Map(componentStates.denoiser), guidance: new Map(componentStates.guidance) },
        editor: checkpoint.editor === undefined ? undefined : editor,
        options,
      }
      return runEvents(run, resumedLatents(state, image))
    }).pipe(failWithThrown),
  )

/** Checks that the components can continue a checkpoint bit for bit; the plan of the rest, and its random numbers. */
const checkCheckpoint: (
  checkpoint: Checkpoint,
  editor: EditorShape | undefined,
  options: RunOptions<unknown>,
) => Effect.Effect<
  { readonly plan: RunPlan; readonly random: Random },
  CheckpointError | RequestError,
  VideoVae | Denoiser | Sampler | Guidance
> = Effect.fnUntraced(function* (checkpoint, editor, { modelHash }) {
  const denoiser = yield* Denoiser
  const sampler = yield* Sampler
  const guidance = yield* Guidance
  const hashed = checkpoint.modelHash !== undefined && modelHash !== undefined
  if (hashed && checkpoint.modelHash !== modelHash) {
    return yield* new CheckpointError({
      message: `The checkpoint was made with the model "${checkpoint.denoiser}", and the model "${denoiser.name}" has other weights: choose the same model.`,
    })
  }
  for (const [component, made, present] of [
    ["model", hashed ? undefined : checkpoint.denoiser, denoiser.name],
    ["sampler", checkpoint.sampler, sampler.name],
    ["guidance", checkpoint.guidance, guidance.name],
    ["editor", checkpoint.editor, editor?.name],
  ] as const) {
    if (made === present || made === undefined) continue
    if (present === undefined) {
      return yield* new CheckpointError({
        message: `The checkpoint was made with the ${component} "${made}", and there is none here: add it.`,
      })
    }
    return yield* new CheckpointError({
      message: `The checkpoint was made with the ${component} "${made}" and cannot be continued with "${present}": choose the same ${component}.`,
    })
  }

  const vae = yield* VideoVae
  const { state, image, request, given } = checkpoint
  const plan = yield* planRun({ ...request, ...given })
  const { frames, height, width } = plan.size.latents
  const wanted = [1, frames, vae.latentChannels, height, width].join(", ")
  const isEdit = request.start === "inversion-free"
  const source = isEdit ? sourceOf(state) : undefined
  const whole = checkpoint.editor !== undefined && source !== undefined && request.sourcePrompt !== undefined
  if (isEdit !== (checkpoint.editor !== undefined) || (isEdit && !whole)) {
    return yield* damaged("edit lacks its editor, its source or its source prompt")
  }
  for (const latents of [state.sample, image, source]) {
    const found = latents?.shape.join(", ")
    if (found === undefined || found === wanted) continue
    return yield* damaged(`latents are [${found}], but its request needs [${wanted}]`)
  }
  const { length } = plan.schedule.levels
  if (state.beginIndex > state.index || state.index > length || state.beginIndex >= length) {
    return yield* damaged(
      `step is ${state.index} of a run that began at step ${state.beginIndex}, but its request has the steps 0 to ${length}`,
    )
  }
  if (denoiser.imageConditioned !== (image !== undefined)) {
    return yield* damaged(
      image === undefined
        ? `image latents are missing, which ${denoiser.name} needs`
        : `image latents are there, which ${denoiser.name} does not take`,
    )
  }
  const random = yield* Effect.try({
    try: () => Random.restore(checkpoint.random),
    catch: () => damaged("random state is odd"),
  })
  return { plan: { ...plan, beginIndex: state.index }, random }
})

const damaged = (what: string): CheckpointError =>
  new CheckpointError({ message: `The checkpoint's ${what}: it is damaged, start again without it.` })
