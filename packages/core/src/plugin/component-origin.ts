const plugin = Symbol.for("@auteur/core/plugin")

/** A component that carries the name of its plugin, for messages. */
export const fromPlugin = <Component extends object>(component: Component, name: string): Component => ({
  ...component,
  [plugin]: name,
})

/** The plugin that a component comes from; nothing for auteur's own. */
export const pluginOf = (component: object): string | undefined => (component as { readonly [plugin]?: string })[plugin]

/** A component as messages name it: `The sampler "karras" of the plugin "auteur-plugin-karras"`. */
export const componentName = (kind: string, component: object, name?: string): string => {
  const origin = pluginOf(component)
  return `The ${kind}${name === undefined ? "" : ` "${name}"`}${origin === undefined ? "" : ` of the plugin "${origin}"`}`
}
