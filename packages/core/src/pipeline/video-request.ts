import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"
import type { Latents, Video } from "../tensor/tensor.ts"

/** Where a run starts; see {@link VideoRequest.start}. */
export type StartKind = "noise" | "inversion" | "inversion-free"

/**
 * Everything that can be asked of a video. The options of the SDK, the flags of the command line, the metadata of a video file and
 * a checkpoint all derive from {@link requestFields}: one name for one setting everywhere.
 */
export interface VideoRequest {
  /** What the video shows. */
  readonly prompt: string
  /** What the video should not show. */
  readonly negativePrompt?: string
  /** The same seed gives the same video. */
  readonly seed: number | bigint
  /** Steps of the sampler: more take longer and are more exact. */
  readonly steps?: number
  /** How strongly the prompt steers; 1 switches guidance off, which saves up to half of the time. */
  readonly guidanceScale?: number
  /** How the prompt steers, by the name of a guidance method. */
  readonly guidanceMethod?: string
  /** The sampler by name; by default the one of the model folder. */
  readonly sampler?: string
  /** Length in frames, 8N or 8N + 1; by default the length that the model was trained at. */
  readonly frames?: number
  /** Width in pixels; by default the width that the model was trained at. */
  readonly width?: number
  /** Height in pixels; by default the height that the model was trained at. */
  readonly height?: number
  /** Frames per second; by default those of the source video, or the rate that the model was trained at. */
  readonly fps?: number
  /** How many times larger the picture is written; by default 4 for pictures with a side of up to 64 pixels, otherwise 1. */
  readonly upscale?: number
  /** The first frame, for image-to-video models. */
  readonly image?: string
  /** The video to start from. */
  readonly video?: string
  /** How much of the source video is made anew, from 0 to 1. */
  readonly strength?: number
  /**
   * Where a run starts: at noise, which is added to the source video where there is one (`noise`), at the noise that the source
   * video would have come from (`inversion`), or at the source video itself (`inversion-free`).
   */
  readonly start?: StartKind
  /** What the source video shows, for the starts inversion and inversion-free. */
  readonly sourcePrompt?: string
  /** How strongly the source prompt steers; 1 switches guidance off. */
  readonly sourceGuidanceScale?: number
  /** The method by name that walks the source video back to noise, for the start inversion. */
  readonly inversion?: string
  /** Whether the VAE works in overlapping tiles: slower, in less memory. */
  readonly tiling?: boolean
  /** Over how many workers the VAE splits a video in time; the numbers stay the same. */
  readonly vaeWorkers?: number
  /** Tokens that a prompt is cut or padded to; by default as many as the model was trained with. */
  readonly maxSequenceLength?: number
  /** The LoRA files that are added to the transformer, and how much of each. */
  readonly lora?: ReadonlyArray<LoraSetting>
  /** The cache by name that reuses what hardly changes from step to step: faster, for a slightly different video. */
  readonly cache?: string
  /** How much may change before a cache computes anew; each cache has its own default. */
  readonly cacheThreshold?: number
  /** A preview every so many steps; 0 shows none. */
  readonly previewEvery?: number
}

/** A LoRA file and how much of it is added; its SHA-256 where another file of that name must not take its place. */
export interface LoraSetting {
  readonly path: string
  readonly weight: number
  readonly hash?: string
}

/** One setting of a {@link VideoRequest}. */
export interface RequestField<A> {
  /** The value, and its text as flags, metadata and checkpoints have it. */
  readonly schema: Schema.Codec<A, string>
  /** What a value has to be, as messages put it: "a whole number from 1 to 1000". */
  readonly expected: string
  /** One sentence. */
  readonly description: string
  readonly default?: A
}

const field = <A>(
  schema: Schema.Codec<A, string>,
  expected: string,
  description: string,
  ...rest: readonly [] | readonly [A]
): RequestField<A> => ({
  schema: schema.annotate({ description, expected }),
  expected,
  description,
  ...(rest.length === 0 ? {} : { default: rest[0] }),
})

const text = (description: string, ...rest: readonly [] | readonly [string]): RequestField<string> =>
  field(Schema.String, "a text", description, ...rest)

const name = (description: string, ...rest: readonly [] | readonly [string]): RequestField<string> =>
  field(Schema.NonEmptyString, "a name", description, ...rest)

const whole = (minimum: number, maximum: number, description: string, ...rest: readonly [] | readonly [number]) =>
  field(
    Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum })),
    maximum === Number.MAX_SAFE_INTEGER
      ? `a whole number of at least ${minimum}`
      : `a whole number from ${minimum} to ${maximum}`,
    description,
    ...rest,
  )

const within = (minimum: number, maximum: number, description: string, ...rest: readonly [] | readonly [number]) =>
  field(
    Schema.FiniteFromString.check(Schema.isBetween({ minimum, maximum })),
    `a number from ${minimum} to ${maximum}`,
    description,
    ...rest,
  )

const count = (description: string, ...rest: readonly [] | readonly [number]) =>
  whole(1, Number.MAX_SAFE_INTEGER, description, ...rest)

const isSeed = (seed: number | bigint): boolean =>
  (typeof seed === "bigint" || Number.isSafeInteger(seed)) && seed >= -(2n ** 63n) && seed < 2n ** 64n

const Seed = Schema.String.check(Schema.isPattern(/^-?\d{1,20}$/)).pipe(
  Schema.decodeTo(Schema.Union([Schema.Number, Schema.BigInt]).check(Schema.makeFilter(isSeed)), {
    decode: SchemaGetter.transform((digits) => {
      const wide = BigInt(digits)
      return Number.isSafeInteger(Number(wide)) ? Number(wide) : wide
    }),
    encode: SchemaGetter.transform(String),
  }),
)

const Flag = Schema.Literals(["true", "false"]).pipe(
  Schema.decodeTo(Schema.Boolean, {
    decode: SchemaGetter.transform((word) => word === "true"),
    encode: SchemaGetter.transform((flag) => (flag ? "true" : "false")),
  }),
)

const LoraSettings = Schema.fromJsonString(
  Schema.Array(Schema.Struct({ path: Schema.String, weight: Schema.Finite, hash: Schema.optionalKey(Schema.String) })),
)

/** The most steps that a request may ask for; a schedule lists them all. */
export const mostSteps = 1000

/** Every setting of a {@link VideoRequest}, in the order in which metadata lists them. */
export const requestFields: {
  readonly [Name in keyof VideoRequest]-?: RequestField<Exclude<VideoRequest[Name], undefined>>
} = {
  prompt: field(Schema.String.check(Schema.isPattern(/\S/)), "a text that is not empty", "What the video shows."),
  negativePrompt: text("What the video should not show.", ""),
  seed: field(Seed, "a whole number from -2^63 to 2^64 - 1", "The same seed gives the same video."),
  steps: whole(1, mostSteps, "Steps of the sampler: more take longer and are more exact.", 50),
  guidanceScale: within(
    -1000,
    1000,
    "How strongly the prompt steers; 1 switches guidance off, which saves up to half of the time.",
    6,
  ),
  guidanceMethod: name("How the prompt steers, by the name of a guidance method.", "classifier-free"),
  sampler: name("The sampler by name; by default the one of the model folder."),
  frames: count("Length in frames, 8N or 8N + 1; by default the length that the model was trained at."),
  width: count("Width in pixels; by default the width that the model was trained at."),
  height: count("Height in pixels; by default the height that the model was trained at."),
  fps: within(
    1,
    240,
    "Frames per second; by default those of the source video, or the rate that the model was trained at.",
  ),
  upscale: whole(
    1,
    16,
    "How many times larger the picture is written; by default 4 for pictures with a side of up to 64 pixels, otherwise 1.",
  ),
  image: text("The first frame, for image-to-video models."),
  video: text("The video to start from."),
  strength: within(0, 1, "How much of the source video is made anew, from 0 to 1.", 0.8),
  start: field(
    Schema.Literals(["noise", "inversion", "inversion-free"]),
    '"noise", "inversion" or "inversion-free"',
    "Where a run starts: at noise, which is added to the source video where there is one (`noise`), at the noise that the source video would have come from (`inversion`), or at the source video itself (`inversion-free`).",
    "noise",
  ),
  sourcePrompt: text("What the source video shows, for the starts inversion and inversion-free."),
  sourceGuidanceScale: within(-1000, 1000, "How strongly the source prompt steers; 1 switches guidance off.", 1),
  inversion: name(
    "The method by name that walks the source video back to noise, for the start inversion.",
    "flow-heun",
  ),
  tiling: field(Flag, "true or false", "Whether the VAE works in overlapping tiles: slower, in less memory.", false),
  vaeWorkers: count("Over how many workers the VAE splits a video in time; the numbers stay the same.", 1),
  maxSequenceLength: count(
    "Tokens that a prompt is cut or padded to; by default as many as the model was trained with.",
  ),
  lora: field(
    LoraSettings,
    "a list of { path, weight }",
    "The LoRA files that are added to the transformer, and how much of each.",
  ),
  cache: name(
    "The cache by name that reuses what hardly changes from step to step: faster, for a slightly different video.",
  ),
  cacheThreshold: within(
    0,
    Number.MAX_VALUE,
    "How much may change before a cache computes anew; each cache has its own default.",
  ),
  previewEvery: whole(0, Number.MAX_SAFE_INTEGER, "A preview every so many steps; 0 shows none.", 0),
}

const keys = Object.fromEntries(
  Object.entries(requestFields).map(([name, { schema }]) => [
    name,
    name === "prompt" || name === "seed" ? schema : Schema.optionalKey(schema as Schema.Codec<unknown, string>),
  ]),
)

/** A request as a flat record of texts, as the metadata of a video file holds it; keys of other things are left out. */
export const VideoRequest: Schema.Codec<VideoRequest, Readonly<Record<string, string>>> = Schema.Struct(keys) as never

/** The settings that the pipeline itself uses; the others choose and set up its components, or say how the file is written. */
export const pipelineFields = [
  "prompt",
  "negativePrompt",
  "seed",
  "steps",
  "guidanceScale",
  "frames",
  "width",
  "height",
  "image",
  "video",
  "strength",
  "start",
  "sourcePrompt",
  "sourceGuidanceScale",
  "previewEvery",
] as const

/** What the pipeline takes: those settings, with pictures in place of their names. */
export interface PipelineRequest extends Omit<
  Pick<VideoRequest, (typeof pipelineFields)[number]>,
  "image" | "video" | "steps" | "guidanceScale"
> {
  readonly steps: number
  readonly guidanceScale: number
  /** The first frame, of the size above. (1, 1, height, width, 3) */
  readonly image?: Video
  /** What to start from; its size is the result's. (1, frames, height, width, 3) */
  readonly video?: Video
  /** Normal noise to start from, in place of that of the seed. (1, f, c, h, w) */
  readonly latents?: Latents
}
/** What to generate, from noise. Without `image` and `video` it is text-to-video. */
export interface GenerateRequest extends PipelineRequest {
  readonly start?: "noise"
}

/** What to make of a video, from the noise that it would have come from. */
export interface InversionRequest extends PipelineRequest {
  readonly start: "inversion"
  readonly video: Video
  readonly sourcePrompt: string
}

/** What to make of a video, without going through noise. */
export interface InversionFreeRequest extends PipelineRequest {
  readonly start: "inversion-free"
  readonly video: Video
  readonly sourcePrompt: string
}
