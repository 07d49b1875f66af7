import {
  type OpenModelOptions,
  guidanceNames,
  inversionNames,
  type MediaError,
  type PluginError,
  samplerNames,
} from "auteur"
import {
  addedPlugins,
  cacheFromRecord,
  type CacheName,
  cacheNames,
  type CacheOptions,
  defaultGuidance,
  defaultModel,
  defaultSteps,
  defaultThresholds,
  loadConfig,
  ownParts,
  readRecord,
  requirePlugins,
  type VideoOptions,
  type VideoRecord,
} from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Flag from "effect/cli/Flag"
import { CommandError, usageError } from "../process/command-error.ts"
import { parseLora, parseSeed, parseSize } from "./flag-values.ts"

const flag = <A>(flag: Flag.Flag<A>, description: string): Flag.Flag<Option.Option<A>> =>
  flag.pipe(Flag.withDescription(description), Flag.optional)

/** The flags that say what a video should be. */
export const requestFlags = {
  model: flag(
    Flag.String("model").pipe(Flag.withAlias("m")),
    `A model folder in the layout of diffusers, a bundled name, or org/name of a pulled model; default ${defaultModel}`,
  ),
  steps: flag(Flag.Int("steps"), `Steps of the sampler: more take longer and are more exact; default ${defaultSteps}`),
  seed: flag(
    Flag.String("seed").pipe(Flag.filterMap(parseSeed, () => "a whole number from -2^63 to 2^64-1")),
    "A whole number: the same one gives the same video; by default a new one, which is printed",
  ),
  sampler: flag(Flag.String("sampler"), `One of ${samplerNames.join(", ")}; by default the model folder's own`),
  guidanceScale: flag(
    Flag.Finite("guidance-scale").pipe(Flag.withAlias("guidance")),
    `How strongly the prompt steers; 1 switches guidance off, which saves up to half of the time; default ${defaultGuidance}`,
  ),
  guidanceMethod: flag(
    Flag.String("guidance-method"),
    `How the prompt steers: one of ${guidanceNames.join(", ")}; default ${guidanceNames[0]}`,
  ),
  negativePrompt: flag(Flag.String("negative-prompt").pipe(Flag.withAlias("n")), "What the video should not show"),
  frames: flag(Flag.Int("frames"), "Length in frames, 8N or 8N+1; by default as the model was trained"),
  size: flag(
    Flag.String("size").pipe(Flag.filterMap(parseSize, () => "WIDTHxHEIGHT, such as 720x480")),
    "Width and height in pixels, such as 720x480; by default as the model was trained",
  ),
  fps: flag(Flag.Finite("fps"), "Frames per second; by default those of --video, or the model's"),
  upscale: flag(
    Flag.Int("upscale"),
    "Enlarges the written picture; by default 4 for pictures of 64 pixels or less, otherwise 1",
  ),
  image: flag(Flag.String("image"), "The first frame, a PNG or JPEG file, for image-to-video models"),
  video: flag(Flag.String("video"), "A video to start from; it is resized and cut to what the model makes"),
  strength: flag(Flag.Finite("strength"), "How much of --video is made anew, from 0 to 1; default 0.8"),
  start: flag(
    Flag.Literals("start", ["noise", "inversion", "inversion-free"]),
    "How --video is begun with: with noise added to it (noise, the default), at the noise that it would have come from (inversion), or led from --source-prompt to the prompt without noise (inversion-free)",
  ),
  sourcePrompt: flag(Flag.String("source-prompt"), "What --video shows, for --start inversion and inversion-free"),
  sourceGuidanceScale: flag(
    Flag.Finite("source-guidance-scale"),
    "How strongly --source-prompt steers; default 1, without guidance",
  ),
  inversion: flag(
    Flag.Literals("inversion", inversionNames),
    "What --start inversion walks back to noise with; default flow-heun, of second order",
  ),
  maxSequenceLength: flag(
    Flag.Int("max-sequence-length"),
    "Tokens that a prompt is cut or padded to; by default as many as the model was trained with",
  ),
  vaeWorkers: flag(
    Flag.Int("vae-workers"),
    "Over how many workers the VAE splits a video in time; the numbers stay the same; default 1",
  ),
  tiling: flag(Flag.Boolean("tiling"), "Decode in overlapping tiles: slower, in less memory"),
  lora: flag(
    Flag.String("lora").pipe(Flag.map(parseLora), Flag.atLeast(1)),
    "A LoRA file in the layout of diffusers, or its folder, with how much of it is added: FILE[:WEIGHT]; may be repeated",
  ),
  cache: flag(
    Flag.Literals("cache", [...cacheNames, "none"]),
    "Reuses what hardly changes from step to step: faster, for another video that is much like it",
  ),
  cacheThreshold: flag(
    Flag.Finite("cache-threshold"),
    `How much may change before it is computed again, or with pyramid how many steps share their attention; default ${cacheNames.map((name) => `${defaultThresholds[name]} for ${name}`).join(", ")}`,
  ),
  config: flag(
    Flag.String("config"),
    "The file that names plugins and defaults; by default auteur.config.ts (or .mts, .js, .mjs, .json) in this folder",
  ),
  like: flag(Flag.String("like"), "Repeats a video that auteur wrote; other flags change what they name"),
}

type Parsed<F> = { readonly [K in keyof F]: F[K] extends Flag.Flag<infer A> ? A : never }

/** What a command line asks for. */
export interface AskedVideo {
  readonly prompt: string | undefined
  readonly film: OpenModelOptions
  readonly video: VideoOptions
  /** What a person should know before the work. */
  readonly notice: string | undefined
}

/** Puts the flags together, and what the video of `--like` says where they are silent. */
export const askedVideo: (
  prompt: string | undefined,
  flags: Parsed<typeof requestFlags>,
) => Effect.Effect<AskedVideo, CommandError | MediaError | PluginError> = Effect.fnUntraced(function* (prompt, flags) {
  const given = <A>(option: Option.Option<A>) => Option.getOrUndefined(option)
  const path = given(flags.like)
  const like = path === undefined ? undefined : yield* readRecord(path)
  const config = yield* loadConfig({ file: given(flags.config) })
  if (like !== undefined) {
    yield* requirePlugins(like, config?.plugins, path!)
    for (const name of ["image", "video"] as const) {
      if (like[name] === undefined || Option.isSome(flags[name])) continue
      return yield* usageError(
        `${path} was made from the ${name} ${like[name]}, which it does not hold: give it with --${name}.`,
      )
    }
  }
  if (Option.isSome(flags.strength) && Option.isNone(flags.video)) {
    return yield* usageError("--strength says how much of a video is made anew: give the video with --video.")
  }
  const cache = yield* askedCache(given(flags.cache), given(flags.cacheThreshold), like)
  const start = given(flags.start) ?? like?.start ?? "noise"
  const needs = [
    ["video", "what it starts from"],
    ["sourcePrompt", "what the video shows"],
  ] as const
  for (const [name, what] of start === "noise" ? [] : needs) {
    if (Option.isSome(flags[name]) || (name === "sourcePrompt" && like?.sourcePrompt !== undefined)) continue
    return yield* usageError(`--start ${start} needs --${name === "video" ? name : "source-prompt"}: say ${what}.`)
  }
  if (Option.isSome(flags.inversion) && start !== "inversion") {
    return yield* usageError("--inversion says how a video is walked back to noise: give --start inversion, too.")
  }
  if (Option.isSome(flags.sourceGuidanceScale) && start === "noise") {
    return yield* usageError(
      "--source-guidance-scale is for --start inversion and inversion-free: give one of them, too.",
    )
  }
  const size = given(flags.size)
  const own = like === undefined ? { sampler: config?.sampler } : ownParts(like)
  const added = like === undefined ? [] : addedPlugins(like, config?.plugins)
  return {
    notice:
      added.length === 0
        ? undefined
        : `${path} was made without ${added.join(", ")}, so that this video may come out otherwise.`,
    prompt: prompt ?? like?.prompt,
    film: {
      model: given(flags.model) ?? like?.model ?? config?.model,
      sampler: given(flags.sampler) ?? own.sampler,
      guidanceMethod: given(flags.guidanceMethod) ?? own.guidanceMethod,
      maxSequenceLength: given(flags.maxSequenceLength) ?? like?.maxSequenceLength,
      vaeWorkers: given(flags.vaeWorkers),
      tiling: given(flags.tiling) ?? like?.tiling,
      inversion: given(flags.inversion) ?? own.inversion,
      lora: given(flags.lora) ?? like?.lora,
      cache,
      plugins: config?.plugins,
      pluginLimits: config?.pluginLimits,
    },
    video: {
      negativePrompt: given(flags.negativePrompt) ?? like?.negativePrompt,
      seed: given(flags.seed) ?? like?.seed,
      steps: given(flags.steps) ?? like?.steps,
      guidanceScale: given(flags.guidanceScale) ?? like?.guidanceScale,
      frames: given(flags.frames) ?? like?.frames,
      width: size?.width ?? like?.width,
      height: size?.height ?? like?.height,
      fps: given(flags.fps) ?? like?.fps,
      upscale: given(flags.upscale) ?? like?.upscale,
      image: given(flags.image),
      video: given(flags.video),
      strength: given(flags.strength) ?? like?.strength,
      start: given(flags.start) ?? like?.start,
      sourcePrompt: given(flags.sourcePrompt) ?? like?.sourcePrompt,
      sourceGuidanceScale: given(flags.sourceGuidanceScale) ?? like?.sourceGuidanceScale,
      modelHash: Option.isSome(flags.model) ? undefined : like?.modelHash,
    },
  }
})

/** The cache that the flags name, or that of the video that is repeated. */
const askedCache = (
  name: CacheName | "none" | undefined,
  threshold: number | undefined,
  like: VideoRecord | undefined,
): Effect.Effect<CacheOptions | undefined, CommandError> =>
  Effect.gen(function* () {
    if (name === "none" && threshold === undefined) return undefined
    if (name !== undefined && name !== "none") return { name, threshold }
    const repeated =
      name === "none"
        ? undefined
        : yield* Effect.try({
            try: () => cacheFromRecord(like ?? {}),
            catch: (cause) => new CommandError({ message: (cause as Error).message, exitCode: 2 }),
          })
    if (threshold === undefined) return repeated
    if (repeated !== undefined && !("kind" in repeated)) return { ...repeated, threshold }
    return yield* usageError("--cache-threshold says how much a cache reuses: name the cache with --cache.")
  })
