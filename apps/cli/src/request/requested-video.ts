import type { MediaError, PluginError } from "auteur"
import {
  addedPlugins,
  type CacheChoice,
  cacheFromRecord,
  type CacheName,
  loadConfig,
  type ModelLayerOptions,
  readRecord,
  requirePlugins,
  type VideoOptions,
  type VideoRecord,
} from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Flag from "effect/cli/Flag"
import { type CommandError, toCommandError, usageError } from "../process/command-error.ts"
import { wrongChoice } from "../terminal/presenter.ts"
import { componentNames, type requestFlags, toKebab } from "./request-flags.ts"

type Parsed<F> = { readonly [K in keyof F]: F[K] extends Flag.Flag<infer A> ? A : never }

/** The request of a command line. */
export interface RequestedVideo {
  readonly prompt: string | undefined
  readonly model: ModelLayerOptions
  readonly video: VideoOptions
  /** Something to know before the work. */
  readonly notice: string | undefined
}

/** Puts the flags together, and what the video of `--like` says where they are silent. */
export const requestedVideo: (
  prompt: string | undefined,
  flags: Parsed<typeof requestFlags>,
) => Effect.Effect<RequestedVideo, CommandError | MediaError | PluginError> = Effect.fnUntraced(
  function* (prompt, flags) {
    const given = <A>(option: Option.Option<A>) => Option.getOrUndefined(option)
    if (prompt?.trim() === "") return yield* usageError("The prompt is empty: say what the video should show.")
    const path = given(flags.like)
    const like = path === undefined ? undefined : yield* readRecord(path)
    const config = yield* loadConfig({ file: given(flags.config) })
    for (const [name, builtIn] of Object.entries(componentNames)) {
      const value = given(flags[name as keyof typeof componentNames])
      if (value === undefined || config?.plugins.length || (builtIn as ReadonlyArray<string>).includes(value)) continue
      return yield* usageError(wrongChoice(toKebab(name), value, builtIn))
    }
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
    const cache = yield* requestedCache(given(flags.cache), given(flags.cacheThreshold), like)
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
    if (size !== undefined && (Option.isSome(flags.width) || Option.isSome(flags.height))) {
      return yield* usageError("--size says both width and height: leave out --width and --height.")
    }
    const added = like === undefined ? [] : addedPlugins(like, config?.plugins)
    return {
      notice:
        added.length === 0
          ? undefined
          : `${path} was made without ${added.join(", ")}, so that this video may come out otherwise.`,
      prompt: prompt ?? like?.prompt,
      model: {
        model: given(flags.model) ?? like?.model ?? config?.model,
        baseModel: given(flags.baseModel) ?? (Option.isSome(flags.model) ? undefined : like?.baseModel),
        sampler: config?.sampler,
        plugins: config?.plugins,
      },
      video: {
        sampler: given(flags.sampler) ?? like?.sampler,
        guidanceMethod: given(flags.guidanceMethod) ?? like?.guidanceMethod,
        maxSequenceLength: given(flags.maxSequenceLength) ?? like?.maxSequenceLength,
        vaeWorkers: given(flags.vaeWorkers),
        tiling: given(flags.tiling) ?? like?.tiling,
        inversion: given(flags.inversion) ?? like?.inversion,
        lora: given(flags.lora) ?? like?.lora,
        ...cache,
        negativePrompt: given(flags.negativePrompt) ?? like?.negativePrompt,
        seed: given(flags.seed) ?? like?.seed,
        steps: given(flags.steps) ?? like?.steps,
        timesteps: Option.isSome(flags.steps) ? undefined : like?.timesteps,
        sigmas: Option.isSome(flags.steps) ? undefined : like?.sigmas,
        guidanceScale: given(flags.guidanceScale) ?? like?.guidanceScale,
        frames: given(flags.frames) ?? like?.frames,
        width: size?.width ?? given(flags.width) ?? like?.width,
        height: size?.height ?? given(flags.height) ?? like?.height,
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
  },
)

/** The cache that the flags name, or that of the video that is repeated. */
const requestedCache = (
  name: CacheName | "none" | undefined,
  threshold: number | undefined,
  like: VideoRecord | undefined,
): Effect.Effect<CacheChoice, CommandError> =>
  Effect.gen(function* () {
    if (name === "none" && threshold === undefined) return { cache: name }
    if (name !== undefined && name !== "none") return { cache: name, cacheThreshold: threshold }
    const repeated: CacheChoice =
      name === "none"
        ? {}
        : yield* Effect.try({
            try: () => cacheFromRecord(like ?? {}),
            catch: (cause) => toCommandError(cause as Error),
          })
    if (threshold === undefined) return repeated
    if (repeated.cache !== undefined) return { ...repeated, cacheThreshold: threshold }
    return yield* usageError("--cache-threshold says how much a cache reuses: name the cache with --cache.")
  })
