import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import { type CaseFolder, type Json, readJson, readTensors } from "./case-folder.ts"
import type { ParityError } from "./parity-error.ts"

export type Kind =
  | "random"
  | "scheduler"
  | "transformer"
  | "vae"
  | "text-encoder"
  | "tokenizer"
  | "pipeline"
  | "training"
  | "lora"
  | "caches"

/** Whether a folder holds reference values of some kind, or is a model that they should be beside. */
export const isCase = ({ files }: CaseFolder): boolean =>
  ["io.safetensors", "case.json", "cases.json", "config.json", "model_index.json"].some((name) => files.has(name))

const byCase = (json: Json): Kind | undefined => {
  if (json["task"] !== undefined) return "pipeline"
  if (json["loss"] !== undefined) return "training"
  if (json["class"] !== undefined || Predicate.isString(json["config"])) return "scheduler"
  if (Predicate.isObject(json["cases"])) return json["model"] === undefined ? "lora" : "caches"
  if (json["tiling"] !== undefined) return "vae"
  return undefined
}

const byTensors = (names: ReadonlyArray<string>): Kind | undefined => {
  const some = (pattern: RegExp) => names.some((name) => pattern.test(name))
  if (some(/^out\.(loss|grad|after\d+)\./)) return "training"
  if (some(/^out\.(randn|randn64|rand|randint)\.-?\d+/)) return "random"
  if (some(/^out\.timesteps\.\d+$/)) return "scheduler"
  if (some(/^out\.frames$/)) return "pipeline"
  return undefined
}

const byConfig = (json: Json): Kind | undefined => {
  if (json["_class_name"] === "CogVideoXTransformer3DModel") return "transformer"
  if (json["_class_name"] === "AutoencoderKLCogVideoX") return "vae"
  if (json["model_type"] === "t5" || json["model_type"] === "umt5") return "text-encoder"
  return undefined
}

/** What a folder is a case of, by what it contains; `undefined` when nothing in it is known. */
export const recognise: (folder: CaseFolder) => Effect.Effect<Kind | undefined, ParityError> = Effect.fnUntraced(
  function* (folder) {
    const { path, files } = folder
    if (files.has("cases.json")) return "tokenizer"
    const known = files.has("case.json") ? byCase(yield* readJson(join(path, "case.json"))) : undefined
    if (known !== undefined) return known
    const values = files.has("io.safetensors") ? byTensors([...(yield* readTensors(folder)).keys()]) : undefined
    if (values !== undefined) return values
    if (files.has("config.json")) return byConfig(yield* readJson(join(path, "config.json")))
    return undefined
  },
)
