const plugin = Symbol.for("@auteur/core/plugin")

/** A part that says which plugin it comes from, so that messages can. */
export const fromPlugin = <Part extends object>(part: Part, name: string): Part => ({ ...part, [plugin]: name })

/** The plugin that a part comes from; nothing for a part of auteur's own. */
export const pluginOf = (part: object): string | undefined => (part as { readonly [plugin]?: string })[plugin]

/** A part as messages speak of it: `The sampler "karras" of the plugin "auteur-plugin-karras"`. */
export const componentName = (kind: string, part: object, name?: string): string => {
  const origin = pluginOf(part)
  return `The ${kind}${name === undefined ? "" : ` "${name}"`}${origin === undefined ? "" : ` of the plugin "${origin}"`}`
}
