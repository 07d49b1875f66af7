import { RequestError } from "@auteur/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { PluginReport } from "./plugin-report.ts"

/** The components of a model with its plugins. */
export interface Composed<Components> {
  readonly components: Context.Context<Components>
  readonly reports: ReadonlyArray<PluginReport>
  /** The services of each plugin by their keys, those that a later plugin replaces included. */
  readonly provided: ReadonlyArray<ReadonlyMap<string, unknown>>
}

/**
 * The component that a request uses: the one that it gives itself or names, which may be a plugin's or built in, and otherwise the one
 * that the plugins result in.
 */
export const chooseComponent = <Components, Service, Shape extends { readonly name: string }, E>(
  service: Context.Key<Service, Shape>,
  { components, provided }: Composed<Components | Service>,
  choice: string | Shape | undefined,
  builtIn: (name: string) => Effect.Effect<Shape, E | RequestError>,
): Effect.Effect<Shape, E | RequestError> => {
  if (typeof choice === "object") return Effect.succeed(choice)
  const present = Context.get(components, service)
  if (choice === undefined || choice === present.name) return Effect.succeed(present)
  const fromPlugins = provided.flatMap((services) => (services.get(service.key) as Shape | undefined) ?? [])
  const named = fromPlugins.findLast(({ name }) => name === choice)
  if (named !== undefined) return Effect.succeed(named)
  return Effect.mapError(builtIn(choice), (error) => {
    if (!(error instanceof RequestError) || fromPlugins.length === 0) return error
    const names = fromPlugins.map(({ name }) => name).join(", ")
    return new RequestError({ message: `${error.message.replace(/\.$/, "")}, or of the plugins ${names}.` })
  })
}

/** Says which component of a plugin is not used, because another one was named. */
export const unusedNotice = (
  reports: ReadonlyArray<PluginReport>,
  chosen: Readonly<Record<string, string>>,
): string | undefined => {
  for (const { name: plugin, provides } of reports) {
    for (const { kind, name, replacedBy } of provides) {
      const used = chosen[kind]
      if (replacedBy !== undefined || used === undefined || used === name) continue
      return `The ${kind} "${used}" is used as requested, in place of "${name}" of the plugin "${plugin}".`
    }
  }
  return undefined
}
