import { ModelError, type Weights } from "@auteur/core"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** A LoRA file with its config. */
export interface LoraFile {
  readonly weights: Weights
  /** PEFT's `adapter_config.json`, where there is one. */
  readonly config?: Readonly<Record<string, unknown>> | undefined
}

/** Where diffusers writes down how a LoRA was trained: PEFT's config, under keys that may begin with the component's name. */
const field = "lora_adapter_metadata"

const optional = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))
const decodeObject = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))
const decode = Schema.decodeUnknownOption(
  Schema.Struct({
    peft_type: optional(Schema.String),
    r: optional(Schema.Finite),
    rank_pattern: optional(Schema.Record(Schema.String, Schema.Finite)),
    lora_alpha: optional(Schema.Finite),
    alpha_pattern: optional(Schema.Record(Schema.String, Schema.Finite)),
    use_rslora: optional(Schema.Boolean),
    use_dora: optional(Schema.Boolean),
    init_lora_weights: optional(Schema.Unknown),
  }),
)

/** Initialisations that change the model's own weights too, so that its LoRA fits no other copy of them. */
const changesBase = /^(pissa|olora|loftq|corda|lora_ga)/

/**
 * Reads how a LoRA was trained from PEFT's `adapter_config.json` or from what diffusers writes into the file: by what B(A x) of a layer
 * is multiplied, α / rank, α / √rank with rank-stabilised LoRA (arXiv 2312.03732), and 1 where nothing is said.
 *
 * Throws a {@link ModelError} for a config that cannot be followed.
 */
export const scalesOf = ({ weights, config }: LoraFile): ((layer: string, rank: number) => number) => {
  const refuse = (problem: string) => new ModelError({ message: `The LoRA ${weights.source} ${problem}.` })
  const text = weights.metadata?.[field]
  if (config === undefined && text === undefined) return () => 1
  const [where, object] =
    config === undefined
      ? [`metadata "${field}"`, Option.map(decodeObject(text), withoutComponent)]
      : ["adapter_config.json", Option.some(config)]
  const decoded = Option.getOrUndefined(Option.flatMap(object, (object) => decode(object)))
  if (decoded === undefined)
    throw new ModelError({ message: `The ${where} of the LoRA ${weights.source} cannot be read: save the file again.` })
  const { peft_type, use_dora, init_lora_weights: initial } = decoded
  if (peft_type && peft_type !== "LORA")
    throw refuse(`is of the kind ${shown(peft_type)}, which cannot be added: train a plain LoRA`)
  if (use_dora === true) throw refuse("is of the kind DoRA, which cannot be added: train a plain LoRA")
  if (typeof initial === "string" && changesBase.test(initial)) {
    throw refuse(
      `was trained from "${shown(initial)}", which changes the model's own weights too: convert it to a plain LoRA with PEFT`,
    )
  }
  const ranks = patternsOf(decoded.rank_pattern, refuse)
  const alphas = patternsOf(decoded.alpha_pattern, refuse)
  // PEFT's own default; diffusers always writes what it means.
  const alphaOfAll = decoded.lora_alpha ?? (config === undefined ? undefined : 8)
  return (layer, rank) => {
    const told = ranks(layer) ?? decoded.r ?? rank
    if (told !== rank) {
      throw refuse(
        `has rank ${rank} in the layer "${layer}", but its ${where} says ${told}: they do not belong together`,
      )
    }
    const alpha = alphas(layer) ?? alphaOfAll
    return alpha === undefined ? 1 : alpha / (decoded.use_rslora === true ? Math.sqrt(rank) : rank)
  }
}

const withoutComponent = (object: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name.replace(/^transformer\./, ""), value]))

const shown = (text: string): string => text.slice(0, 40)

/** The value of the first key that matches a layer, by PEFT's rule (`get_pattern_key`): `(.*\.)?(key)$`, from the name's start. */
const patternsOf = (
  values: Readonly<Record<string, number>> | null | undefined,
  refuse: (problem: string) => ModelError,
): ((layer: string) => number | undefined) => {
  const patterns = Object.entries(values ?? {}).map(([key, value]) => {
    const pattern = isSlow(key) ? undefined : compile(`^(.*\\.)?(${fromPython(key)})$`)
    if (pattern === undefined)
      throw refuse(`has the pattern ${JSON.stringify(shown(key))}, which cannot be followed: write it more simply`)
    return [pattern, value] as const
  })
  return (layer) => patterns.find(([pattern]) => pattern.test(layer))?.[1]
}

const compile = (source: string): RegExp | undefined => {
  try {
    return new RegExp(source)
  } catch {
    return undefined
  }
}

/** Python's own notations. */
const fromPython = (pattern: string): string =>
  pattern
    .replaceAll(/\(\?P<(\w+)>/g, "(?<$1>")
    .replaceAll(/\(\?P=(\w+)\)/g, "\\k<$1>")
    .replaceAll("\\A", "^")
    .replaceAll("\\Z", "$")

/** Whether matching could take for ever, as the patterns come with the file: a repeated group, or many repetitions. */
const isSlow = (pattern: string): boolean =>
  pattern.length > 500 || /\)\??[*+{]/.test(pattern) || (pattern.match(/[*+]|\{\d*,/g) ?? []).length > 4
