import type { AnyPlugin, LatentSpaceShape } from "@auteur/core"
import * as Context from "effect/Context"
import type * as Scope from "effect/Scope"

/** A plugin with the place that it came from. */
export interface LoadedPlugin extends AnyPlugin {
  readonly from?: string
}

/** What a layer provides, by the keys of the services. */
export type Services = ReadonlyMap<string, unknown>

/** A plugin whose layer is built. */
export interface BuiltPlugin {
  readonly plugin: LoadedPlugin
  readonly services: Services
  /** Counts builds, so that what was built before what can be said. */
  readonly turn: number
  readonly scope: Scope.Closeable
}

export const contextOf = (services: Services): Context.Context<never> => Context.makeUnsafe(services)
export const isSpace = (key: string): boolean => key.startsWith("@auteur/core/LatentSpace/")
export const quoted = (spaces: ReadonlyArray<LatentSpaceShape>): string =>
  spaces.map(({ name }) => `"${name}"`).join(", ")
/** The plugin whose service is used. */
export const lastWith = (built: ReadonlyArray<BuiltPlugin | undefined>, key: string): BuiltPlugin | undefined =>
  built.findLast((each) => each?.services.has(key))
