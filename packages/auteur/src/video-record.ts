import { MediaError, type StartKind, type VideoMetadata } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/** What a video was made of, as its file carries it: enough to make it again. */
export interface VideoRecord {
  readonly prompt: string
  readonly negative: string
  readonly seed: number | bigint
  readonly steps: number
  readonly guidance: number
  readonly guidanceMethod: string
  readonly sampler: string
  readonly maxTokens?: number | undefined
  readonly frames: number
  readonly width: number
  readonly height: number
  readonly strength?: number | undefined
  /** How it began, where that was not noise, and what it was made from. */
  readonly start?: StartKind | undefined
  readonly sourcePrompt?: string | undefined
  readonly sourceGuidance?: number | undefined
  /** What walked the video back to noise. */
  readonly inversion?: string | undefined
  readonly fps: number
  readonly scale: number
  readonly tiling: boolean
  /** What was added to the transformer, by the paths that were given, with the SHA-256 of their files. */
  readonly lora?: ReadonlyArray<{ readonly path: string; readonly weight: number; readonly hash: string }> | undefined
  /** What was reused from step to step: the name of a cache, and the threshold of those that are known by name. */
  readonly cache?: string | undefined
  readonly cacheThreshold?: number | undefined
  /** The names of the files that it began with: they are not in the video. */
  readonly image?: string | undefined
  readonly video?: string | undefined
  readonly model: string
  readonly modelHash: string
  /** The names of the plugins that were loaded, in order. */
  readonly plugins?: ReadonlyArray<string> | undefined
  /** The version of auteur. */
  readonly version: string
}

const Count = Schema.FiniteFromString.check(Schema.isInt())
const Fields = Schema.Struct({
  prompt: Schema.String,
  negative: Schema.String,
  seed: Schema.String.check(Schema.isPattern(/^-?\d{1,20}$/)),
  steps: Count,
  guidance: Schema.FiniteFromString,
  guidanceMethod: Schema.String,
  sampler: Schema.String,
  maxTokens: Schema.optionalKey(Count),
  frames: Count,
  size: Schema.String.check(Schema.isPattern(/^\d{1,6}x\d{1,6}$/)),
  strength: Schema.optionalKey(Schema.FiniteFromString),
  start: Schema.optionalKey(Schema.Literals(["inversion", "inversion-free"])),
  sourcePrompt: Schema.optionalKey(Schema.String),
  sourceGuidance: Schema.optionalKey(Schema.FiniteFromString),
  inversion: Schema.optionalKey(Schema.String),
  fps: Schema.FiniteFromString,
  scale: Count,
  tiling: Schema.Literals(["true", "false"]),
  lora: Schema.optionalKey(
    Schema.fromJsonString(
      Schema.Array(Schema.Struct({ path: Schema.String, weight: Schema.Finite, hash: Schema.String })),
    ),
  ),
  cache: Schema.optionalKey(Schema.String),
  cacheThreshold: Schema.optionalKey(Schema.FiniteFromString),
  image: Schema.optionalKey(Schema.String),
  video: Schema.optionalKey(Schema.String),
  model: Schema.String,
  modelHash: Schema.String,
  plugins: Schema.optionalKey(Schema.String),
  version: Schema.String,
})
const decode = Schema.decodeUnknownEffect(Fields)

/** The texts that a video file carries of its record: in one order, so that equal records give equal bytes. */
export const toMetadata = ({ width, height, lora, plugins = [], ...record }: VideoRecord): VideoMetadata => {
  const values: Readonly<Record<string, unknown>> = {
    ...record,
    size: `${width}x${height}`,
    lora: lora?.map(({ path, weight, hash }) => ({ path, weight, hash })),
    ...(plugins.length === 0 ? {} : { plugins: plugins.join(",") }),
  }
  return Object.fromEntries(
    Object.keys(Fields.fields).flatMap((name) => (values[name] === undefined ? [] : [[name, toText(values[name])]])),
  )
}

const toText = (value: unknown): string => (Array.isArray(value) ? JSON.stringify(value) : String(value))

/** Reads what {@link toMetadata} wrote; a `MediaError` says that the texts of the file at `path` are not such a record. */
export const fromMetadata = (metadata: VideoMetadata, path: string): Effect.Effect<VideoRecord, MediaError> =>
  Effect.matchEffect(decode(metadata), {
    onSuccess: ({ size, seed, tiling, plugins, ...fields }) => {
      const [width, height] = size.split("x").map(Number) as [number, number]
      const wide = BigInt(seed)
      return Effect.succeed({
        ...fields,
        seed: Number.isSafeInteger(Number(wide)) ? Number(wide) : wide,
        width,
        height,
        tiling: tiling === "true",
        ...(plugins === undefined ? {} : { plugins: plugins.split(",") }),
      })
    },
    onFailure: () =>
      Effect.fail(
        new MediaError({
          message: `${path} does not say how it was made: only a file that auteur wrote, and that no other program has changed since, does.`,
        }),
      ),
  })
