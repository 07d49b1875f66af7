import * as Schema from "effect/Schema"
import * as SchemaGetter from "effect/SchemaGetter"

/** Where a run starts; see {@link VideoRequest.start}. */
export type StartKind = "noise" | "inversion" | "inversion-free"

/**
 * Everything that can be asked of a video. The options of the SDK, the flags of the command line, the metadata of a video file and
 * a checkpoint all derive from {@link requestFields}: one name for one setting everywhere.
 */
export interface VideoRequest {
  /** The content of the video. */
  readonly prompt: string
  /** Content to steer away from. */
  readonly negativePrompt?: string
  /** The same seed gives the same video. */
  readonly seed: number | bigint
  /** Steps of the sampler: more take longer and are more exact. */
  readonly steps?: number
  /** The timesteps of the steps, from the noisiest on, on the sampler's own process; in place of `steps`. */
  readonly timesteps?: ReadonlyArray<number>
  /** The noise levels of the steps, from the noisiest on, as σ of rectified flow from 0 to 1; in place of `steps`. */
  readonly sigmas?: ReadonlyArray<number>
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
  /** The content of the source video, for the starts inversion and inversion-free. */
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
  /** The values that it takes, as messages put it: "a whole number from 1 to 1000". */
  readonly expected: string
  /** One sentence. */
  readonly description: string
  readonly default?: A
}

/** The values of settings that are left out. */
export const requestDefaults = {
  negativePrompt: "",
  steps: 50,
  guidanceScale: 6,
  guidanceMethod: "classifier-free",
  strength: 0.8,
  start: "noise",
  sourceGuidanceScale: 1,
  inversion: "flow-heun",
  tiling: false,
  vaeWorkers: 1,
  previewEvery: 0,
} as const

/** The most steps that a run may have; a schedule lists them all. */
const mostSteps = 1000

const text = { schema: Schema.String, expected: "a text" }

const name = { schema: Schema.NonEmptyString, expected: "a name" }

const whole = (minimum: number, maximum: number = Number.MAX_SAFE_INTEGER) => ({
  schema: Schema.FiniteFromString.check(Schema.isInt(), Schema.isBetween({ minimum, maximum })),
  expected: `a whole number ${maximum === Number.MAX_SAFE_INTEGER ? "of at least" : `from ${minimum} to`} ${maximum === Number.MAX_SAFE_INTEGER ? minimum : maximum}`,
})

const within = (minimum: number, maximum: number) => ({
  schema: Schema.FiniteFromString.check(Schema.isBetween({ minimum, maximum })),
  expected: `a number from ${minimum} to ${maximum}`,
})

const numbers = {
  schema: Schema.fromJsonString(
    Schema.Array(Schema.Finite).check(Schema.isMinLength(1), Schema.isMaxLength(mostSteps)),
  ),
  expected: `a list of 1 to ${mostSteps} numbers`,
}

const isSeed = (seed: number | bigint): boolean =>
  (typeof seed === "bigint" || Number.isSafeInteger(seed)) && seed >= -(2n ** 63n) && seed < 2n ** 64n

const seed = {
  schema: Schema.String.check(Schema.isPattern(/^-?\d{1,20}$/)).pipe(
    Schema.decodeTo(Schema.Union([Schema.Number, Schema.BigInt]).check(Schema.makeFilter(isSeed)), {
      decode: SchemaGetter.transform((digits) => {
        const wide = BigInt(digits)
        return Number.isSafeInteger(Number(wide)) ? Number(wide) : wide
      }),
      encode: SchemaGetter.transform(String),
    }),
  ),
  expected: "a whole number from -2^63 to 2^64 - 1",
}

const flag = {
  schema: Schema.Literals(["true", "false"]).pipe(
    Schema.decodeTo(Schema.Boolean, {
      decode: SchemaGetter.transform((word) => word === "true"),
      encode: SchemaGetter.transform((flag) => (flag ? "true" : "false")),
    }),
  ),
  expected: "true or false",
}

const loraSettings = {
  schema: Schema.fromJsonString(
    Schema.Array(
      Schema.Struct({ path: Schema.String, weight: Schema.Finite, hash: Schema.optionalKey(Schema.String) }),
    ),
  ),
  expected: "a list of { path, weight }",
}

const start = {
  schema: Schema.Literals(["noise", "inversion", "inversion-free"]),
  expected: '"noise", "inversion" or "inversion-free"',
}

/** Every setting of a {@link VideoRequest}, in the order in which metadata lists them. */
export const requestFields: {
  readonly [Name in keyof VideoRequest]-?: RequestField<Exclude<VideoRequest[Name], undefined>>
} = {
  prompt: { ...text, description: "The content of the video." },
  negativePrompt: {
    ...text,
    description: "Content to steer away from.",
    default: requestDefaults.negativePrompt,
  },
  seed: { ...seed, description: "The same seed gives the same video." },
  steps: {
    ...whole(1, mostSteps),
    description: "Steps of the sampler: more take longer and are more exact.",
    default: requestDefaults.steps,
  },
  timesteps: {
    ...numbers,
    description: "The timesteps of the steps, from the noisiest on, on the sampler's own process; in place of `steps`.",
  },
  sigmas: {
    ...numbers,
    description:
      "The noise levels of the steps, from the noisiest on, as σ of rectified flow from 0 to 1; in place of `steps`.",
  },
  guidanceScale: {
    ...within(-1000, 1000),
    description: "How strongly the prompt steers; 1 switches guidance off, which saves up to half of the time.",
    default: requestDefaults.guidanceScale,
  },
  guidanceMethod: {
    ...name,
    description: "How the prompt steers, by the name of a guidance method.",
    default: requestDefaults.guidanceMethod,
  },
  sampler: { ...name, description: "The sampler by name; by default the one of the model folder." },
  frames: {
    ...whole(1),
    description: "Length in frames, 8N or 8N + 1; by default the length that the model was trained at.",
  },
  width: { ...whole(1), description: "Width in pixels; by default the width that the model was trained at." },
  height: { ...whole(1), description: "Height in pixels; by default the height that the model was trained at." },
  fps: {
    ...within(1, 240),
    description: "Frames per second; by default those of the source video, or the rate that the model was trained at.",
  },
  upscale: {
    ...whole(1, 16),
    description:
      "How many times larger the picture is written; by default 4 for pictures with a side of up to 64 pixels, otherwise 1.",
  },
  image: { ...text, description: "The first frame, for image-to-video models." },
  video: { ...text, description: "The video to start from." },
  strength: {
    ...within(0, 1),
    description: "How much of the source video is made anew, from 0 to 1.",
    default: requestDefaults.strength,
  },
  start: {
    ...start,
    description:
      "Where a run starts: at noise, which is added to the source video where there is one (`noise`), at the noise that the source video would have come from (`inversion`), or at the source video itself (`inversion-free`).",
    default: requestDefaults.start,
  },
  sourcePrompt: {
    ...text,
    description: "The content of the source video, for the starts inversion and inversion-free.",
  },
  sourceGuidanceScale: {
    ...within(-1000, 1000),
    description: "How strongly the source prompt steers; 1 switches guidance off.",
    default: requestDefaults.sourceGuidanceScale,
  },
  inversion: {
    ...name,
    description: "The method by name that walks the source video back to noise, for the start inversion.",
    default: requestDefaults.inversion,
  },
  tiling: {
    ...flag,
    description: "Whether the VAE works in overlapping tiles: slower, in less memory.",
    default: requestDefaults.tiling,
  },
  vaeWorkers: {
    ...whole(1),
    description: "Over how many workers the VAE splits a video in time; the numbers stay the same.",
    default: requestDefaults.vaeWorkers,
  },
  maxSequenceLength: {
    ...whole(1),
    description: "Tokens that a prompt is cut or padded to; by default as many as the model was trained with.",
  },
  lora: {
    ...loraSettings,
    description: "The LoRA files that are added to the transformer, and how much of each.",
  },
  cache: {
    ...name,
    description:
      "The cache by name that reuses what hardly changes from step to step: faster, for a slightly different video.",
  },
  cacheThreshold: {
    schema: Schema.FiniteFromString.check(Schema.isGreaterThanOrEqualTo(0)),
    expected: "a number of at least 0",
    description: "How much may change before a cache computes anew; each cache has its own default.",
  },
  previewEvery: {
    ...whole(0),
    description: "A preview every so many steps; 0 shows none.",
    default: requestDefaults.previewEvery,
  },
}

const keys = Object.entries(requestFields).map(([name, { schema, expected, description }]) => {
  const annotated = (schema as Schema.Codec<unknown, string>).annotate({ expected, description })
  return [name, name === "prompt" || name === "seed" ? annotated : Schema.optionalKey(annotated)] as const
})

/** A request as a flat record of texts, as the metadata of a video file holds it; keys of other things are left out. */
export const VideoRequest: Schema.Codec<VideoRequest, Readonly<Record<string, string>>> = Schema.Struct(
  Object.fromEntries(keys),
) as never
