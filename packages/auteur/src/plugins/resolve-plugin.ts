import { existsSync, readFileSync } from "node:fs"
import module, { createRequire } from "node:module"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { PluginError } from "@auteur/core"

/** The file of a plugin that a config (or another plugin) at `base` names by a path or by its package. */
export const resolvePlugin = (name: string, base: string): string => {
  if (/^\.{1,2}[/\\]/.test(name) || isAbsolute(name)) {
    const path = resolve(dirname(base), name)
    if (existsSync(path)) return path
    throw new PluginError({
      message: `${base} names the plugin "${name}", but there is no file ${path}: check the path.`,
    })
  }
  try {
    return createRequire(base).resolve(name)
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ERR_PACKAGE_PATH_NOT_EXPORTED") {
      const path = importedFile(name, base)
      if (path !== undefined) return path
    }
    if ((thrown as NodeJS.ErrnoException).code === "ERR_PACKAGE_PATH_NOT_EXPORTED") {
      throw new PluginError({
        message: `${base} names the plugin "${name}", which its package does not export: name the package, or a path that its package.json lists in "exports".`,
      })
    }
    throw new PluginError({
      message: `${base} names the plugin "${name}", which is not installed: run \`npm install ${name}\` in ${dirname(base)}${existsSync(resolve(dirname(base), name)) ? `, or write "./${name}" if the file beside it is meant` : ""}.`,
    })
  }
}

/** What a package exports to `import` alone, which `require` does not see. */
const importedFile = (name: string, base: string): string | undefined => {
  const manifest = module.findPackageJSON(name, base)
  if (manifest === undefined) return undefined
  const { exports } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly exports?: Exports }
  // "@org/name/sub" and "name/sub" ask for what "./sub" exports.
  const sub = name.split("/").slice(name.startsWith("@") ? 2 : 1)
  const hasPaths =
    typeof exports === "object" && exports !== null && Object.keys(exports).some((key) => key.startsWith("."))
  const asked = [".", ...sub].join("/")
  const own = hasPaths ? (exports as Record<string, Exports>)[asked] : asked === "." ? exports : undefined
  const target = own === undefined ? undefined : targetOf(own)
  return target === undefined ? undefined : join(dirname(manifest), target)
}

type Exports = string | null | ReadonlyArray<Exports> | { readonly [condition: string]: Exports }

const conditions = new Set(["node", "import", "default"])

const targetOf = (exports: Exports): string | undefined => {
  if (typeof exports === "string") return exports
  if (exports === null) return undefined
  if (Array.isArray(exports)) {
    for (const each of exports as ReadonlyArray<Exports>) {
      const found = targetOf(each)
      if (found !== undefined) return found
    }
    return undefined
  }
  for (const [condition, target] of Object.entries(exports)) {
    const found = conditions.has(condition) ? targetOf(target) : undefined
    if (found !== undefined) return found
  }
  return undefined
}
