import { ModelError, type Weights } from "@auteur/core"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

/** Where diffusers writes down how a LoRA was trained. */
const field = "lora_adapter_metadata"

const optional = <S extends Schema.Top>(schema: S) => Schema.optionalKey(Schema.NullOr(schema))
const decodeObject = Schema.decodeUnknownOption(Schema.fromJsonString(Schema.Record(Schema.String, Schema.Unknown)))
const decode = Schema.decodeUnknownOption(
  Schema.Struct({
    lora_alpha: optional(Schema.Finite),
    alpha_pattern: optional(Schema.Record(Schema.String, Schema.Finite)),
    use_rslora: optional(Schema.Boolean),
    use_dora: optional(Schema.Boolean),
  }),
)

/** As keys of tensors, those of the metadata may begin with the part of the model. */
const withoutPart = (object: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name.replace(/^transformer\./, ""), value]))

/**
 * What B(A x) of a layer is multiplied by, as the metadata of a LoRA file says: α / rank, α / √rank with rank-stabilised LoRA
 * (arXiv 2312.03732), and 1 where it says nothing. Throws a {@link ModelError} for metadata that cannot be followed.
 */
export const alphaOf = ({ source, metadata }: Weights): ((layer: string, rank: number) => number) => {
  const text = metadata?.[field]
  if (text === undefined) return () => 1
  const decoded = Option.getOrUndefined(Option.flatMap(decodeObject(text), (object) => decode(withoutPart(object))))
  if (decoded === undefined) {
    throw new ModelError({
      message: `The metadata "${field}" of the LoRA ${source} cannot be read: save the file again.`,
    })
  }
  if (decoded.use_dora === true) {
    throw new ModelError({
      message: `The LoRA ${source} is of the kind DoRA, which cannot be added: train a plain LoRA.`,
    })
  }
  const all = decoded.lora_alpha
  const some = Object.entries(decoded.alpha_pattern ?? {})
  return (layer, rank) => {
    const [, alpha = all] = some.find(([name]) => layer === name || layer.endsWith(`.${name}`)) ?? []
    if (alpha === undefined || alpha === null) return 1
    return alpha / (decoded.use_rslora === true ? Math.sqrt(rank) : rank)
  }
}
