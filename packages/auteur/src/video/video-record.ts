import { MediaError, type RequestError, type StartKind, type VideoMetadata, VideoRequest } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ComponentOptions } from "../model/components.ts"
import { cacheFromRecord } from "../model/transformer-cache.ts"

/** The settings of a video, as its file carries them: enough to make it again. */
export interface VideoRecord {
  readonly prompt: string
  readonly negativePrompt: string
  readonly seed: number | bigint
  readonly steps: number
  readonly timesteps?: ReadonlyArray<number> | undefined
  readonly sigmas?: ReadonlyArray<number> | undefined
  readonly guidanceScale: number
  readonly guidanceMethod: string
  readonly sampler: string
  readonly maxSequenceLength?: number | undefined
  readonly frames: number
  readonly width: number
  readonly height: number
  readonly strength?: number | undefined
  /** Where the run started, if not at noise, and the description of its source video. */
  readonly start?: StartKind | undefined
  readonly sourcePrompt?: string | undefined
  readonly sourceGuidanceScale?: number | undefined
  /** The inversion that walked the source video back to noise. */
  readonly inversion?: string | undefined
  readonly fps: number
  readonly upscale: number
  readonly tiling: boolean
  /** The LoRA files that were added to the transformer, by the paths that were given, with the SHA-256 of each. */
  readonly lora?: ReadonlyArray<{ readonly path: string; readonly weight: number; readonly hash?: string }> | undefined
  /** The name of the cache, and the threshold of one that is known by name. */
  readonly cache?: string | undefined
  readonly cacheThreshold?: number | undefined
  /** The names of the files that the run started from, which are not in the video. */
  readonly image?: string | undefined
  readonly video?: string | undefined
  readonly model: string
  /** The base of a model of which a folder held only some components. */
  readonly baseModel?: string | undefined
  readonly modelHash: string
  /** The names of the plugins that were loaded, in order. */
  readonly plugins?: ReadonlyArray<string> | undefined
  /** The inputs that were given in memory, which no record can hold, such as `latents`. */
  readonly given?: ReadonlyArray<string> | undefined
  /** The version of auteur. */
  readonly version: string
}

const Extra = Schema.Struct({
  model: Schema.String,
  baseModel: Schema.optionalKey(Schema.String),
  modelHash: Schema.String,
  plugins: Schema.optionalKey(Schema.String),
  given: Schema.optionalKey(Schema.String),
  version: Schema.String,
})
const encodeRequest = Schema.encodeSync(VideoRequest)
const decodeRequest = Schema.decodeUnknownEffect(VideoRequest)
const decodeExtra = Schema.decodeUnknownEffect(Extra)

/** The texts that a video file carries of its record: in one order, so that equal records give equal bytes. */
export const toMetadata = ({
  model,
  baseModel,
  modelHash,
  plugins = [],
  given = [],
  version,
  ...record
}: VideoRecord): VideoMetadata => {
  const settings = Object.entries(record).filter(([, value]) => value !== undefined)
  const request = Object.fromEntries(settings) as unknown as VideoRequest
  return {
    ...encodeRequest(request),
    model,
    ...(baseModel === undefined ? {} : { baseModel }),
    modelHash,
    ...(plugins.length === 0 ? {} : { plugins: plugins.join(",") }),
    ...(given.length === 0 ? {} : { given: given.join(",") }),
    version,
  }
}

/** Reads what {@link toMetadata} wrote; a `MediaError` says that the texts of the file at `path` are not such a record. */
export const fromMetadata = (metadata: VideoMetadata, path: string): Effect.Effect<VideoRecord, MediaError> =>
  Effect.all([decodeRequest(metadata), decodeExtra(metadata)]).pipe(
    Effect.filterOrFail(([request]) => always.every((name) => request[name] !== undefined)),
    Effect.mapError(
      () =>
        new MediaError({
          message: `${path} does not say how it was made: only a file that auteur wrote, and that no other program has changed since, does.`,
        }),
    ),
    Effect.map(([request, { plugins, given, ...extra }]) => ({
      ...(request as Omit<VideoRecord, "plugins">),
      ...extra,
      ...(plugins === undefined ? {} : { plugins: plugins.split(",") }),
      ...(given === undefined ? {} : { given: given.split(",") }),
    })),
  )

/** The settings that every video has. */
const always: ReadonlyArray<keyof VideoRequest> = [
  "negativePrompt",
  "steps",
  "guidanceScale",
  "guidanceMethod",
  "sampler",
  "frames",
  "width",
  "height",
  "fps",
  "upscale",
  "tiling",
]

/** The components that a record names; fails with a `RequestError` for a cache that is not known by name. */
export const recordedComponents = (
  record: Pick<
    VideoRecord,
    "sampler" | "guidanceMethod" | "inversion" | "maxSequenceLength" | "tiling" | "lora" | "cache" | "cacheThreshold"
  >,
): Effect.Effect<ComponentOptions, RequestError> =>
  Effect.try({
    try: () => {
      const { sampler, guidanceMethod, inversion, maxSequenceLength, tiling, lora } = record
      return { sampler, guidanceMethod, inversion, maxSequenceLength, tiling, lora, ...cacheFromRecord(record) }
    },
    catch: (cause) => cause as RequestError,
  })

/** Identifies the model of a run with all that changes its predictions: a run is resumed by the same only. */
export const modelIdentity = ({ modelHash, lora = [], cache, cacheThreshold }: VideoRecord): string =>
  [
    modelHash,
    ...lora.map(({ hash, weight }) => `${hash}:${weight}`),
    ...(cache === undefined ? [] : [`${cache}:${cacheThreshold}`]),
  ].join(" ")
