import type { DenoiserShape, LatentSize } from "../services/denoiser.ts"
import { RequestError } from "../services/errors.ts"
import { isLatents } from "../tensor/tensor.ts"
import { mostSteps, type PipelineRequest } from "./video-request.ts"

/** Throws a {@link RequestError} for a setting that no model can fulfil. */
export const checkRequest = (request: PipelineRequest): void => {
  const { prompt, steps, guidanceScale, previewEvery = 0 } = request
  if (prompt.trim() === "") throw refusal("The prompt is empty: say what the video should show.")
  if (!Number.isSafeInteger(steps) || steps < 1 || steps > mostSteps) {
    throw refusal(`${steps} steps cannot be made: give a whole number from 1 to ${mostSteps}.`)
  }
  if (!Number.isFinite(guidanceScale))
    throw refusal(`A guidance of ${guidanceScale} cannot be used: give a number, such as 6.`)
  if (!Number.isSafeInteger(previewEvery) || previewEvery < 0) {
    throw refusal(`A preview every ${previewEvery} steps cannot be made: give a whole number, or 0 for none.`)
  }
  if (request.image !== undefined && request.video !== undefined) {
    throw refusal("An image and a video are both given to start from: give one of them.")
  }
  checkStart(request)
}

const checkStart = ({ start = "noise", sourcePrompt, sourceGuidanceScale = 1 }: PipelineRequest): void => {
  if (!Number.isFinite(sourceGuidanceScale)) {
    throw refusal(`A source guidance of ${sourceGuidanceScale} cannot be used: give a number, such as 1.`)
  }
  if (start === "noise") {
    if (sourcePrompt === undefined) return
    throw refusal(
      'A source prompt is given, but a start at noise uses none: choose the start "inversion" or "inversion-free", or leave it out.',
    )
  }
  if (sourcePrompt === undefined || sourcePrompt.trim() === "") {
    throw refusal(`The start "${start}" needs a source prompt: say what the video shows.`)
  }
}

/** Throws a {@link RequestError} when a start needs a video that is not there. */
export const checkSource = ({ start = "noise", video }: PipelineRequest): void => {
  if (start !== "noise" && video === undefined)
    throw refusal(`The start "${start}" needs a video to start from: give one.`)
}

/** Throws a {@link RequestError} when a model needs an image that is not there, or takes none. */
export const checkImage = ({ image }: PipelineRequest, { name, imageConditioned }: DenoiserShape): void => {
  if (imageConditioned && image === undefined) {
    throw refusal(`${name} is an image-to-video model: give it the first frame as an image.`)
  }
  if (!imageConditioned && image !== undefined) {
    throw refusal(`${name} takes no image: use an image-to-video model, or leave the image out.`)
  }
}

/** Throws a {@link RequestError} when initial latents are given that are not of the size of the run, or not to be used. */
export const checkLatents = (
  { latents, video }: PipelineRequest,
  { frames, height, width }: LatentSize,
  channels: number,
): void => {
  if (latents === undefined) return
  if (video !== undefined) throw refusal("Latents and a video are both given to start from: give one of them.")
  const wanted = [1, frames, channels, height, width].join(", ")
  if (!isLatents(latents)) {
    throw refusal(`The latents have to be a float32 tensor "batch frames channels height width" of [${wanted}].`)
  }
  if (latents.shape.join(", ") === wanted) return
  throw refusal(`The latents are [${latents.shape.join(", ")}], but this request needs [${wanted}].`)
}

const refusal = (message: string): RequestError => new RequestError({ message })
