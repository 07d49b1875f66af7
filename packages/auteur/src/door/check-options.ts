import { requestFields, RequestError } from "@auteur/core"
import { nearestNames } from "@auteur/hub"
import type { OpenModelOptions } from "./options.ts"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"

/** Names that other libraries give to options of ours. */
const otherNames: Readonly<Record<string, string>> = {
  negative: "negativePrompt",
  guidance: "guidanceScale",
  cfgScale: "guidanceScale",
  dynamicGuidance: "guidanceMethod",
  useDynamicCfg: "guidanceMethod",
  numInferenceSteps: "steps",
  inferenceSteps: "steps",
  numFrames: "frames",
  length: "frames",
  numVideosPerPrompt: "videosPerPrompt",
  n: "videosPerPrompt",
  generator: "seed",
  scheduler: "sampler",
  scale: "upscale",
  maxTokens: "maxSequenceLength",
  parallel: "vaeWorkers",
  size: "width",
  duration: "frames",
  abortSignal: "signal",
  promptEmbeds: "promptEmbeddings",
  negativePromptEmbeds: "negativePromptEmbeddings",
  callbackOnStepEnd: "onStepEnd",
  loras: "lora",
  model: "the first argument of openModel",
}

/** Throws a {@link RequestError} for an option that does not exist, or for a setting of a wrong value. */
export const checkOptions = (method: string, options: object, known: ReadonlyArray<string>): void => {
  refuseUnknown(method, options, known)
  checkSettings(options)
}

const refuseUnknown = (where: string, options: object, known: ReadonlyArray<string>): void => {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new RequestError({ message: `The options of ${where} are ${describe(options)}: give an object.` })
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name))
  if (unknown === undefined) return
  const camel = unknown.replaceAll(/[_-]([a-z])/g, (_, letter: string) => letter.toUpperCase())
  const same = [camel, otherNames[camel]].find(
    (name) => name !== undefined && (known.includes(name) || name.includes(" ")),
  )
  const near = same === undefined ? nearestNames(camel, known) : [same]
  const fix = near.length === 0 ? `The options are ${known.join(", ")}` : `Did you mean ${near.join(" or ")}?`
  throw new RequestError({ message: `${where} has no option "${unknown}". ${fix}${near.length === 0 ? "." : ""}` })
}

const checkSettings = (options: object): void => {
  for (const [name, value] of Object.entries(options)) {
    const field = Object.hasOwn(inputs, name) ? inputs[name] : fieldOf(name)
    if (field === undefined || value === undefined || field.isLegal(value)) continue
    throw new RequestError({ message: `${name} is ${describe(value)}: give ${field.expected}.` })
  }
}

/** Inputs of a request that no schema describes: what each has to be. */
const inputs: Readonly<Record<string, { readonly isLegal: (value: unknown) => boolean; readonly expected: string }>> = {
  signal: { isLegal: (value) => value instanceof AbortSignal, expected: "an AbortSignal" },
  onStepEnd: { isLegal: (value) => typeof value === "function", expected: "a function" },
  promptEmbeddings: { isLegal: (value) => isEmbeddings(value), expected: "the embeddings of model.encodePrompt" },
  negativePromptEmbeddings: {
    isLegal: (value) => isEmbeddings(value),
    expected: "the embeddings of model.encodePrompt",
  },
  lora: { isLegal: (value) => Array.isArray(value) && value.every(isLora), expected: "a list of { path, weight }" },
}

const isEmbeddings = (value: unknown): boolean =>
  (value as { readonly layout?: unknown } | null)?.layout === "batch tokens features"

const isLora = (value: unknown): boolean => {
  const { path, weight = 1 } = (value ?? {}) as { readonly path?: unknown; readonly weight?: unknown }
  return typeof path === "string" && Number.isFinite(weight)
}

/** Throws a {@link RequestError} for a prompt that is not a text. */
export const checkPrompt = (prompt: unknown): void => {
  if (typeof prompt === "string") return
  throw new RequestError({ message: `The prompt is ${describe(prompt)}: say what the video should show, as a text.` })
}

/** Throws a {@link RequestError} for a model or an option of opening that cannot be. */
export const checkOpening = (nameOrFolder: unknown, options: OpenModelOptions): void => {
  if (typeof nameOrFolder !== "string" || nameOrFolder === "") {
    throw new RequestError({ message: `The model is ${describe(nameOrFolder)}: give its name or its folder.` })
  }
  for (const name of ["threads", "concurrency"] as const) {
    const value = options[name]
    if (value === undefined || (Number.isSafeInteger(value) && value >= 1)) continue
    throw new RequestError({ message: `${name} is ${describe(value)}: give a whole number of at least 1.` })
  }
  const { memoryLimit } = options
  if (memoryLimit !== undefined && !(memoryLimit > 0)) {
    throw new RequestError({ message: `memoryLimit is ${describe(memoryLimit)}: give a number of bytes above 0.` })
  }
}

/** Components may be given themselves, and media in many forms: these are checked where they are used. */
const checkedElsewhere = new Set(["sampler", "guidanceMethod", "inversion", "cache", "image", "video", "lora"])

const fields = new Map<string, { readonly isLegal: (value: unknown) => boolean; readonly expected: string }>()
const fieldOf = (name: string) => {
  if (checkedElsewhere.has(name) || !Object.hasOwn(requestFields, name)) return undefined
  const known = fields.get(name)
  if (known !== undefined) return known
  const { schema, expected } = requestFields[name as keyof typeof requestFields]
  const encode = Schema.encodeUnknownResult(schema as Schema.Codec<unknown, string>)
  const made = { isLegal: (value: unknown) => Result.isSuccess(encode(value)), expected }
  fields.set(name, made)
  return made
}

const describe = (value: unknown): string => {
  if (typeof value === "string") return JSON.stringify(value)
  if (value === null || typeof value !== "object") return String(value)
  return Array.isArray(value) ? "a list" : "an object"
}
