import * as Effect from "effect/Effect"
import type { Checkpoint } from "./checkpoint.ts"
import { Denoiser } from "../services/denoiser.ts"
import { sourceOf } from "./edit.ts"
import type { EditorShape } from "../services/editor.ts"
import { CheckpointError, type RequestError } from "../services/errors.ts"
import { Guidance } from "../services/guidance.ts"
import { Random } from "../random/random.ts"
import { planRun, type RunPlan } from "./plan.ts"
import { Sampler } from "../services/sampler.ts"
import { VideoVae } from "../services/video-vae.ts"

/** Checks that the present parts can continue a checkpoint bit for bit; what is left to do, and its random numbers. */
export const checkCheckpoint: (
  checkpoint: Checkpoint,
  editor: EditorShape | undefined,
) => Effect.Effect<
  { readonly plan: RunPlan; readonly random: Random },
  CheckpointError | RequestError,
  VideoVae | Denoiser | Sampler | Guidance
> = Effect.fnUntraced(function* (checkpoint, editor) {
  const denoiser = yield* Denoiser
  const sampler = yield* Sampler
  const guidance = yield* Guidance
  for (const [part, made, present] of [
    ["model", checkpoint.denoiser, denoiser.name],
    ["sampler", checkpoint.sampler, sampler.name],
    ["guidance", checkpoint.guidance, guidance.name],
    ["editor", checkpoint.editor, editor?.name],
  ] as const) {
    if (made === present || made === undefined) continue
    if (present === undefined) {
      return yield* new CheckpointError({
        message: `The checkpoint was made with the ${part} "${made}", and there is none here: add it.`,
      })
    }
    return yield* new CheckpointError({
      message: `The checkpoint was made with the ${part} "${made}" and cannot be continued with "${present}": choose the same ${part}.`,
    })
  }

  const vae = yield* VideoVae
  const { state, image } = checkpoint
  const plan = yield* planRun(checkpoint.request)
  const { frames, height, width } = plan.size.latents
  const wanted = [1, frames, vae.latentChannels, height, width].join(", ")
  const isEdit = checkpoint.request.start === "inversion-free"
  const source = isEdit ? sourceOf(state) : undefined
  const whole = checkpoint.editor !== undefined && source !== undefined && checkpoint.request.sourcePrompt !== undefined
  if (isEdit !== (checkpoint.editor !== undefined) || (isEdit && !whole)) {
    return yield* damaged("edit lacks its editor, its source or its source prompt")
  }
  for (const latents of [state.sample, image, source]) {
    const found = latents?.shape.join(", ")
    if (found === undefined || found === wanted) continue
    return yield* damaged(`latents are [${found}], but its request needs [${wanted}]`)
  }
  const places = plan.schedule.levels.length
  if (state.beginIndex > state.index || state.index > places || state.beginIndex >= places) {
    return yield* damaged(
      `place is ${state.index} in a run begun at ${state.beginIndex}, but its request has the places 0 to ${places}`,
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
    catch: () => new CheckpointError({ message: "The checkpoint's random state is damaged: start again without it." }),
  })
  return { plan: { ...plan, beginIndex: state.index }, random }
})

const damaged = (what: string): CheckpointError =>
  new CheckpointError({ message: `The checkpoint's ${what}: it is damaged, start again without it.` })
