import { isReadonlyObject } from "effect/Predicate"

const pipelines = ["CogVideoXPipeline", "CogVideoXImageToVideoPipeline", "CogVideoXVideoToVideoPipeline"]

const classes: Readonly<Record<string, ReadonlyArray<string>>> = {
  transformer: ["CogVideoXTransformer3DModel"],
  vae: ["AutoencoderKLCogVideoX"],
  text_encoder: ["T5EncoderModel", "UMT5EncoderModel"],
  tokenizer: ["T5Tokenizer", "T5TokenizerFast"],
}

/** The folders of a model that hold weights. */
export const weightedComponents = ["transformer", "vae", "text_encoder"] as const

/** The files that a tokenizer may consist of. */
export const tokenizerFiles: ReadonlyArray<string> = [
  "spiece.model",
  "tokenizer.json",
  "tokenizer_config.json",
  "added_tokens.json",
  "special_tokens_map.json",
]

/** What of a `model_index.json` cannot be run, in sentences; `name` is the model in them. */
export const unknownClasses = (name: string, index: Readonly<Record<string, unknown>>): ReadonlyArray<string> => {
  const pipeline = index["_class_name"]
  if (!pipelines.includes(String(pipeline))) {
    return [`${name} is a ${show(pipeline)}, which cannot be run: a folder of ${pipelines.join(", ")} is needed.`]
  }
  return Object.entries(classes).flatMap(([component, known]) => {
    const entry = index[component]
    const found = Array.isArray(entry) ? entry[1] : undefined
    return known.includes(found)
      ? []
      : [`The ${component} of ${name} is a ${show(found)} in its model_index.json; ${known.join(" or ")} can be run.`]
  })
}

const show = (value: unknown): string =>
  typeof value === "string"
    ? value
    : value === undefined
      ? "nothing"
      : isReadonlyObject(value)
        ? "an object"
        : String(value)
