import type { BuiltPlugin } from "./built-plugin.ts"
import { partKinds } from "./part-kinds.ts"

/** A plugin that is loaded, and what came of it. */
export interface PluginReport {
  readonly name: string
  readonly apiVersion: string
  /** Where it was found: a file, or `code`. */
  readonly from: string
  readonly provides: ReadonlyArray<ProvidedPart>
}

export interface ProvidedPart {
  /** Such as `sampler`. */
  readonly kind: string
  readonly name?: string
  /** The plugin that came later and provides the same, so that this one is not used. */
  readonly replacedBy?: string
}

/** What came of plugins, in their order. */
export const reportsOf = (built: ReadonlyArray<BuiltPlugin>): ReadonlyArray<PluginReport> =>
  built.map(({ plugin, services }, index) => ({
    name: plugin.name,
    apiVersion: plugin.apiVersion,
    from: plugin.from ?? "code",
    provides: partKinds.flatMap(({ key, word }) => {
      if (!services.has(key)) return []
      const { name } = services.get(key) as { readonly name?: string }
      const later = built.slice(index + 1).findLast((other) => other.services.has(key))
      const part: ProvidedPart = {
        kind: word,
        ...(name === undefined ? {} : { name }),
        ...(later === undefined ? {} : { replacedBy: later.plugin.name }),
      }
      return [part]
    }),
  }))
