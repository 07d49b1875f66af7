import { isBuiltin } from "node:module"
import { posix } from "node:path"
import { referencesOf } from "./references.ts"
import type { Workspace } from "./source-files.ts"

const models = ["text", "vae3d", "dit"]
const parts = ["core", "engine", ...models, "samplers", "flowdirector", "media", "hub", "train"]

/** Which packages of this repository each package may import. */
const mayImport: Readonly<Record<string, ReadonlyArray<string>>> = {
  core: [],
  engine: ["core"],
  samplers: ["core"],
  flowdirector: ["core"],
  media: ["core"],
  hub: ["core"],
  text: ["core", "engine"],
  vae3d: ["core", "engine"],
  dit: ["core", "engine"],
  train: ["core", "engine", ...models],
  auteur: parts,
  server: ["core", "media", "auteur"],
}
const appsMayImport = ["auteur", "server"]
/** Written as outsiders would: over what is published for them. */
const examplesMayImport = ["core", "auteur"]

/** These run in browsers too. */
const portable = ["core", "samplers", "flowdirector", "dit", "vae3d", "text"]
const globalsOfNode = ["process", "Buffer", "NodeJS", "require", "global", "setImmediate", "__dirname", "__filename"]

/** `@auteur/engine` for `@auteur/engine/node`. */
export const packageOf = (specifier: string): string =>
  specifier
    .split("/")
    .slice(0, specifier.startsWith("@") ? 2 : 1)
    .join("/")

/** `core` for `@auteur/core`, `auteur` for `auteur`, nothing for other people's packages. */
const siblingOf = (packageName: string): string | undefined =>
  packageName === "auteur" ? "auteur" : packageName.startsWith("@auteur/") ? packageName.slice(8) : undefined

const list = (names: ReadonlyArray<string>): string => (names.length === 0 ? "nothing" : names.join(", "))

/** Says in one sentence each how a workspace breaks the import rules. */
export const importRuleViolations = ({ folder, manifest, sources }: Workspace): ReadonlyArray<string> => {
  const name = posix.basename(folder)
  const allowed = folder.startsWith("apps/")
    ? appsMayImport
    : folder.startsWith("examples/")
      ? examplesMayImport
      : mayImport[name]
  if (allowed === undefined) return [`${folder} has no import rule: say in tests/import-rules.ts what it may import`]
  const declared = { ...manifest.dependencies, ...manifest.peerDependencies, ...manifest.optionalDependencies }
  const imported = new Set<string>()
  const violations: Array<string> = []

  for (const { path, text } of sources) {
    const { modules, globals } = referencesOf(path, text)
    for (const specifier of modules) {
      if (specifier.startsWith(".")) {
        const target = posix.join(posix.dirname(path), specifier)
        if (!target.startsWith(`${folder}/`)) violations.push(`${path} imports ${specifier}, which leaves ${folder}`)
        continue
      }
      if (isBuiltin(specifier)) {
        if (folder.startsWith("packages/") && portable.includes(name))
          violations.push(`${path} imports ${specifier}, which browsers lack`)
        continue
      }
      const packageName = packageOf(specifier)
      imported.add(packageName)
      if (specifier === "effect")
        violations.push(`${path} imports the barrel of effect: import "effect/Effect" and the like`)
      if (!Object.hasOwn(declared, packageName))
        violations.push(`${path} imports ${packageName}, which ${folder}/package.json does not declare`)
      const sibling = siblingOf(packageName)
      if (sibling !== undefined && !allowed.includes(sibling))
        violations.push(`${path} imports ${packageName}: of this repository, ${name} may import ${list(allowed)}`)
    }
    if (folder.startsWith("packages/") && portable.includes(name))
      for (const missing of globalsOfNode.filter((global) => globals.has(global)))
        violations.push(`${path} uses ${missing}, which browsers lack`)
  }

  for (const dependency of Object.keys(manifest.dependencies ?? {}))
    if (siblingOf(dependency) !== undefined && !imported.has(dependency))
      violations.push(`${folder}/package.json declares ${dependency}, which its sources do not import`)
  return violations
}
