import * as Schema from "effect/Schema"
import type { DenoiserShape } from "../services/denoiser.ts"
import { RequestError } from "../services/errors.ts"
import type { PipelineRequest } from "./pipeline-request.ts"
import { requestFields, type VideoRequest } from "./video-request.ts"

const checks = Object.entries(requestFields).map(([name, { schema, expected }]) => ({
  name: name as keyof VideoRequest,
  expected,
  accepts: Schema.is(schema as Schema.Codec<unknown, string>),
}))

/** Says in a sentence which setting has a value that it cannot have; nothing where all are right. Settings may be left out. */
export const invalidSetting = (settings: { readonly [Name in keyof VideoRequest]?: unknown }): string | undefined => {
  for (const { name, expected, accepts } of checks) {
    const value = settings[name]
    if (value !== undefined && !accepts(value)) return `${name} is ${shown(value)}; it has to be ${expected}.`
  }
  return undefined
}

const shown = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  if (Array.isArray(value)) return "a list"
  return typeof value === "object" && value !== null ? "an object" : String(value)
}

/** Throws a {@link RequestError} for a request that no model can fulfil. */
export const validateRequest = (request: PipelineRequest): void => {
  const { image, video, latents, promptEmbeddings, negativePromptEmbeddings, ...settings } = request ?? {}
  const { prompt, seed, start = "noise", sourcePrompt } = settings
  if (typeof prompt !== "string") throw error(`prompt is ${shown(prompt)}; it has to be a text.`)
  if (seed === undefined) throw error(`seed is undefined; it has to be ${requestFields.seed.expected}.`)
  if (prompt.trim() === "" && promptEmbeddings === undefined) {
    throw error("The prompt is empty: say what the video should show.")
  }
  const invalid = invalidSetting(settings)
  if (invalid !== undefined) throw error(invalid)
  for (const [name, value, axes] of [
    ["image", image, "batch frames height width channels"],
    ["video", video, "batch frames height width channels"],
    ["latents", latents, "batch frames channels height width"],
    ["promptEmbeddings", promptEmbeddings, "batch tokens features"],
    ["negativePromptEmbeddings", negativePromptEmbeddings, "batch tokens features"],
  ] as const) {
    const dtype = name === "image" || name === "video" ? "uint8" : "float32"
    if (value === undefined || (value?.layout === axes && value.dtype === dtype)) continue
    throw error(`${name} has to be a ${dtype} tensor of "${axes}".`)
  }
  if (image !== undefined && video !== undefined) {
    throw error("An image and a video are both given to start from: give one of them.")
  }
  if (start === "noise" && sourcePrompt !== undefined) {
    throw error(
      'A source prompt is given, but a start at noise uses none: choose the start "inversion" or "inversion-free", or leave it out.',
    )
  }
  if (start !== "noise" && (sourcePrompt === undefined || sourcePrompt.trim() === "")) {
    throw error(`The start "${start}" needs a source prompt: say what the video shows.`)
  }
  if (latents !== undefined && video !== undefined) {
    throw error("Latents and a video are both given to start from: give one of them.")
  }
}

/** Throws a {@link RequestError} where a picture that the start or the model needs is missing, or one is given to a model that takes none. */
export const validatePictures = (
  { start = "noise", image, video }: PipelineRequest,
  { name, imageConditioned }: DenoiserShape,
): void => {
  if (imageConditioned && image === undefined) {
    throw error(`${name} is an image-to-video model: give it the first frame as an image.`)
  }
  if (!imageConditioned && image !== undefined) {
    throw error(`${name} takes no image: use an image-to-video model, or leave the image out.`)
  }
  if (start !== "noise" && video === undefined)
    throw error(`The start "${start}" needs a video to start from: give one.`)
}

const error = (message: string): RequestError => new RequestError({ message })
