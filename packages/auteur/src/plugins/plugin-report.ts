import { guidanceNames, inversionNames, samplerNames } from "@auteur/samplers"
import { componentKinds } from "./component-kinds.ts"
import type { LoadedPlugin } from "./config.ts"

/** A plugin that is loaded, and its components. */
export interface PluginReport {
  readonly name: string
  readonly apiVersion: string
  /** The file that it was found in, or `code`. */
  readonly from: string
  /** The name that the config gives to it, or to the preset that it is part of. */
  readonly entry?: string
  readonly provides: ReadonlyArray<ProvidedComponent>
}

export interface ProvidedComponent {
  /** Such as `sampler`. */
  readonly kind: string
  readonly name?: string
  /** The later plugin that provides the same, so that this one is not used. */
  readonly replacedBy?: string
}

/** Describes built plugins, in their order. */
export const reportsOf = (
  built: ReadonlyArray<{ readonly plugin: LoadedPlugin; readonly services: ReadonlyMap<string, unknown> }>,
): ReadonlyArray<PluginReport> =>
  built.map(({ plugin, services }, index) => ({
    name: plugin.name,
    apiVersion: plugin.apiVersion,
    from: plugin.from ?? "code",
    ...(plugin.entry === undefined ? {} : { entry: plugin.entry }),
    provides: componentKinds.flatMap(({ key, word }) => {
      if (!services.has(key)) return []
      const { name } = services.get(key) as { readonly name?: string }
      const later = built.slice(index + 1).findLast((other) => other.services.has(key))
      const component: ProvidedComponent = {
        kind: word,
        ...(name === undefined ? {} : { name }),
        ...(later === undefined ? {} : { replacedBy: later.plugin.name }),
      }
      return [component]
    }),
  }))

/** The names of auteur's own components by kind, where there is a choice. */
export const builtInComponents: Readonly<Record<string, ReadonlyArray<string>>> = {
  sampler: samplerNames,
  guidance: guidanceNames,
  inversion: inversionNames,
  editor: ["flow-edit"],
}
