import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { type CaseFolder, type Json, readJson } from "./case-folder.ts"
import { ParityError } from "./parity-error.ts"

const Fields = Schema.Struct({
  task: Schema.Literals(["text-to-video", "image-to-video", "video-to-video"]),
  seed: Schema.Union([Schema.Int, Schema.BigInt]),
  prompt: Schema.String,
  negative_prompt: Schema.optionalKey(Schema.NullOr(Schema.String)),
  num_inference_steps: Schema.optionalKey(Schema.Int),
  guidance_scale: Schema.optionalKey(Schema.Number),
  use_dynamic_cfg: Schema.optionalKey(Schema.Boolean),
  max_sequence_length: Schema.optionalKey(Schema.Int),
  height: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  width: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  num_frames: Schema.optionalKey(Schema.NullOr(Schema.Int)),
  strength: Schema.optionalKey(Schema.Number),
})

/** The arguments of the reference's call, under its own names, with its defaults filled in. */
export interface Settings {
  readonly task: "text-to-video" | "image-to-video" | "video-to-video"
  readonly seed: number | bigint
  readonly prompt: string
  readonly negative_prompt: string
  readonly num_inference_steps: number
  readonly guidance_scale: number
  readonly use_dynamic_cfg: boolean
  readonly max_sequence_length: number
  readonly height: number
  readonly width: number
  readonly num_frames: number
  readonly strength: number
}

/** Settings that change nothing at these values, and cannot be followed at others. */
const neutral: Json = { eta: 0, num_videos_per_prompt: 1 }

/** Texts beside the settings are notes; a number or a flag that is not known would change the result, so it is refused. */
const strangerIn = (json: Json): string | undefined =>
  Object.entries(json).find(
    ([name, value]) =>
      !Object.hasOwn(Fields.fields, name) &&
      (typeof value === "number" || typeof value === "boolean") &&
      neutral[name] !== value,
  )?.[0]

/** Reads a pipeline's `case.json`; sizes that it leaves out are those of the transformer's config, as in the reference. */
export const readSettings: (folder: CaseFolder, json: Json) => Effect.Effect<Settings, ParityError> = Effect.fnUntraced(
  function* (folder, json) {
    const stranger = strangerIn(json)
    if (stranger !== undefined) {
      return yield* new ParityError({
        message: `case.json sets "${stranger}" to ${JSON.stringify(json[stranger])}, which is not a setting that can be followed.`,
      })
    }
    const given = yield* Effect.mapError(
      Schema.decodeUnknownEffect(Fields)(json),
      (error) =>
        new ParityError({
          message: `case.json is not of a pipeline that can be run: ${error.message.replaceAll(/\s*\n\s*/g, " ")}.`,
        }),
    )
    const trained = yield* readJson(join(folder.path, "transformer", "config.json"))
    const pixels = (name: string) => Number(trained[name]) * 8
    return {
      ...given,
      negative_prompt: given.negative_prompt ?? "",
      num_inference_steps: given.num_inference_steps ?? 50,
      guidance_scale: given.guidance_scale ?? 6,
      use_dynamic_cfg: given.use_dynamic_cfg ?? false,
      max_sequence_length: given.max_sequence_length ?? 226,
      height: given.height ?? pixels("sample_height"),
      width: given.width ?? pixels("sample_width"),
      num_frames: given.num_frames ?? Number(trained["sample_frames"]),
      strength: given.strength ?? 0.8,
    }
  },
)
