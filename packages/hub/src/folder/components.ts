import { isReadonlyObject } from "effect/Predicate"

const pipelines = ["CogVideoXPipeline", "CogVideoXImageToVideoPipeline", "CogVideoXVideoToVideoPipeline"]

/** The folders of a model that hold weights. */
export const weightedComponents = ["transformer", "vae", "text_encoder"] as const
export type WeightedComponent = (typeof weightedComponents)[number]

const classes: Readonly<Record<WeightedComponent | "tokenizer", ReadonlyArray<string>>> = {
  transformer: ["CogVideoXTransformer3DModel"],
  vae: ["AutoencoderKLCogVideoX"],
  text_encoder: ["T5EncoderModel", "UMT5EncoderModel"],
  tokenizer: ["T5Tokenizer", "T5TokenizerFast"],
}

/** The files that a tokenizer may consist of. */
export const tokenizerFiles: ReadonlyArray<string> = [
  "spiece.model",
  "tokenizer.json",
  "tokenizer_config.json",
  "added_tokens.json",
  "special_tokens_map.json",
]

type Json = Readonly<Record<string, unknown>>

/** Says what of a `model_index.json` cannot be run, in sentences; `name` is the model in them. */
export const unknownClasses = (name: string, index: Json): ReadonlyArray<string> => {
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

/** The class that a component's config gives itself: diffusers writes `_class_name`, transformers `architectures`. */
export const classOf = (config: Json): string | undefined => {
  const architectures = config["architectures"]
  const name = config["_class_name"] ?? (Array.isArray(architectures) ? architectures[0] : undefined)
  return typeof name === "string" ? name : undefined
}

/** The component that a config of this class describes; nothing for one that cannot be run. */
export const componentOf = (config: Json): WeightedComponent | undefined => {
  const name = classOf(config)
  return weightedComponents.find((component) => name !== undefined && classes[component].includes(name))
}

const show = (value: unknown): string =>
  typeof value === "string"
    ? value
    : value === undefined
      ? "nothing"
      : isReadonlyObject(value)
        ? "an object"
        : String(value)
