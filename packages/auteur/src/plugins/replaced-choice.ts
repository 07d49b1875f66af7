import type { OpenModel } from "../model-services.ts"

/** Says when a part that was asked for by name is not the one that is used, as a plugin provides another in its place. */
export const replacedChoice = ({ options, plugins }: Pick<OpenModel, "options" | "plugins">): string | undefined => {
  const asked = { sampler: options.sampler, guidance: options.guidanceMethod }
  for (const { name: plugin, provides } of plugins) {
    for (const { kind, name, replacedBy } of provides) {
      const choice = asked[kind as keyof typeof asked]
      if (replacedBy !== undefined || choice === undefined || choice === name) continue
      return `The plugin "${plugin}" puts the ${kind} "${name}" in the place of "${choice}".`
    }
  }
  return undefined
}
