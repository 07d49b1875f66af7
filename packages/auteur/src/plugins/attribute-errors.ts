import { fromPlugin, MediaError, PipelineError, VideoReader, VideoWriter } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** Members whose failures the pipeline itself turns into errors, with the step at which they were thrown. */
const reportedByPipeline = new Set(["step", "combine", "predict", "encode", "decode"])

/**
 * A plugin's component as the pipeline gets it: it knows its plugin, and its failures name it.
 *
 * Every kind of component is treated alike, by what a member is or returns: an effect, a stream or a value.
 */
export const attributeErrors = <Component extends object>(
  kind: { readonly key: string; readonly word: string },
  component: Component,
  plugin: string,
): Component => {
  const { name } = component as { readonly name?: unknown }
  const who = `The ${kind.word}${typeof name === "string" ? ` "${name}"` : ""} of the plugin "${plugin}"`
  const isMedia = kind.key === VideoReader.key || kind.key === VideoWriter.key

  const failed = (member: string, thrown: unknown): unknown => {
    if (isTagged(thrown)) return thrown
    const fields = { message: `${who} failed in "${member}": ${reasonOf(thrown)}`, cause: thrown }
    return isMedia ? new MediaError(fields) : new PipelineError(fields)
  }
  const attribute = (member: string, value: unknown): unknown => {
    if (Stream.isStream(value)) return Stream.mapError(value, (error) => failed(member, error))
    if (!Effect.isEffect(value)) return value
    const attributed = Effect.mapError(value, (error) => failed(member, error))
    return reportedByPipeline.has(member)
      ? attributed
      : Effect.catchDefect(attributed, (thrown) => Effect.fail(failed(member, thrown)))
  }
  const attributeMember = (member: string): unknown => {
    const value: unknown = Reflect.get(component, member)
    if (typeof value !== "function") return attribute(member, value)
    return (...args: ReadonlyArray<unknown>) => {
      try {
        return attribute(member, Reflect.apply(value, component, args))
      } catch (thrown) {
        if (isMedia) return Effect.fail(failed(member, thrown))
        throw reportedByPipeline.has(member) ? thrown : failed(member, thrown)
      }
    }
  }
  const members = memberNames(component).map((member) => [member, attributeMember(member)])
  return fromPlugin(Object.fromEntries(members) as Component, plugin)
}

/** The names of all members, those of the component's class included. */
const memberNames = (component: object): ReadonlyArray<string> => {
  const names = new Set<string>()
  for (let at: unknown = component; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    for (const name of Object.getOwnPropertyNames(at)) names.add(name)
  }
  names.delete("constructor")
  return [...names]
}

const tags = new Set(["ModelError", "RequestError", "EngineError", "PipelineError", "CheckpointError", "MediaError"])

/** Whether an error is one of auteur's own, whose message is a sentence for people; by its tag, since a plugin may bring its own copy of auteur. */
const isTagged = (error: unknown): boolean =>
  error instanceof Error && tags.has((error as { readonly _tag?: unknown })._tag as string)

const reasonOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))
