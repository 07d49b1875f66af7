import { fromPlugin, MediaError, PipelineError, VideoReader, VideoWriter } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { endWithin } from "./end-within.ts"
import { callWithin, TookTooLong } from "./interruptible.ts"
import { limitedWrite } from "./limited-write.ts"
import { defaultLimits, type PluginLimits } from "./limits.ts"
import type { PartKind } from "./part-kinds.ts"

type AnyEffect = Effect.Effect<unknown, unknown, unknown>
type AnyStream = Stream.Stream<unknown, unknown, unknown>

/** Where the pipeline itself turns what a part throws into an error, with the step at which it was thrown. */
const guardedByPipeline = new Set(["step", "combine", "predict", "encode", "decode"])

/**
 * A plugin's part as the pipeline gets it: one that says whose it is, whose calls end in time, and whose failures name the plugin.
 *
 * It works for every kind of part alike, by what a call gives back: an effect, a stream or a value.
 */
export const fenced = <Part extends object>(
  kind: PartKind,
  part: Part,
  plugin: string,
  { callSeconds = defaultLimits.callSeconds, blockingSeconds = defaultLimits.blockingSeconds }: PluginLimits = {},
): Part => {
  const name = (part as { readonly name?: unknown }).name
  const who = `The ${kind.word}${typeof name === "string" ? ` "${name}"` : ""} of the plugin "${plugin}"`
  const isMedia = kind.key === VideoReader.key || kind.key === VideoWriter.key
  const failure = (message: string, cause?: unknown): PipelineError | MediaError => {
    const fields = cause === undefined ? { message } : { message, cause }
    return isMedia ? new MediaError(fields) : new PipelineError(fields)
  }
  const failed = (member: string, thrown: unknown): unknown =>
    isTagged(thrown) ? thrown : failure(`${who} failed in "${member}": ${reasonOf(thrown)}`, thrown)
  const late = (member: string, seconds: number, setting: keyof PluginLimits) =>
    failure(
      `${who} did not end "${member}" within ${seconds} seconds: leave the plugin out, or raise pluginLimits.${setting} in the config.`,
    )

  const call = (member: string, method: (...args: ReadonlyArray<unknown>) => unknown, args: ReadonlyArray<unknown>) => {
    try {
      return callWithin(blockingSeconds, () => method.apply(part, args as Array<unknown>))
    } catch (thrown) {
      if (thrown instanceof TookTooLong) throw late(member, blockingSeconds, "blockingSeconds")
      if (isMedia) return Effect.fail(failed(member, thrown))
      throw guardedByPipeline.has(member) ? thrown : failed(member, thrown)
    }
  }
  const effect = (member: string, called: AnyEffect): AnyEffect => {
    const ended = endWithin(called, callSeconds, () => late(member, callSeconds, "callSeconds"))
    const told = Effect.mapError(ended, (error) => failed(member, error))
    return guardedByPipeline.has(member)
      ? told
      : Effect.catchDefect(told, (thrown) => Effect.fail(failed(member, thrown)))
  }
  const stream = (member: string, called: AnyStream): AnyStream =>
    Stream.mapError(
      Stream.timeoutOrElse(called, {
        duration: callSeconds * 1000,
        orElse: () => Stream.fail(late(member, callSeconds, "callSeconds")),
      }),
      (error) => failed(member, error),
    )
  const answer = (member: string, given: unknown): unknown => {
    if (Effect.isEffect(given)) return effect(member, given)
    return Stream.isStream(given) ? stream(member, given) : given
  }

  const read = (key: string): unknown => {
    const value: unknown = Reflect.get(part, key)
    if (typeof value !== "function") return answer(key, value)
    const method = value as (...args: ReadonlyArray<unknown>) => unknown
    if (!isMedia || key !== "write") return (...args: ReadonlyArray<unknown>) => answer(key, call(key, method, args))
    const write = limitedWrite(method.bind(part) as never, callSeconds, () => late(key, callSeconds, "callSeconds"))
    return (...args: Parameters<typeof write>) =>
      write(...args).pipe(
        Effect.mapError((error) => failed(key, error)),
        Effect.catchDefect((thrown) => Effect.fail(failed(key, thrown))),
      )
  }
  return fromPlugin(Object.fromEntries(memberNames(part).map((name) => [name, read(name)])) as Part, plugin)
}

/** The names of all that a part has, also of the methods of its class. */
const memberNames = (part: object): ReadonlyArray<string> => {
  const names = new Set<string>()
  for (let at: unknown = part; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name)
  }
  names.delete("constructor")
  return [...names]
}

const tags = new Set(["ModelError", "RequestError", "EngineError", "PipelineError", "CheckpointError", "MediaError"])

/** One of auteur's own errors, whose message is a sentence for people; by its tag, since a plugin may bring its own copy of auteur. */
const isTagged = (error: unknown): boolean =>
  error instanceof Error && tags.has((error as { readonly _tag?: unknown })._tag as string)

const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
