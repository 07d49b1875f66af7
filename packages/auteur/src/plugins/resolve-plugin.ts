import { existsSync, readFileSync } from "node:fs"
import module, { createRequire } from "node:module"
import { dirname, isAbsolute, join, resolve } from "node:path"
import { pathToFileURL } from "node:url"
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
      throw new PluginError({
        message: `${base} names the plugin "${name}", which its package does not export: name the package, or a path that its package.json lists in "exports".`,
      })
    }
    throw new PluginError({
      message: `${base} names the plugin "${name}", which is not installed: run \`npm install ${name}\` in ${dirname(base)}${existsSync(resolve(dirname(base), name)) ? `, or write "./${name}" if the file beside it is meant` : ""}.`,
    })
  }
}

/** The file that a package exports to `import` alone, which `require` does not see. */
const importedFile = (name: string, base: string): string | undefined => {
  const manifest = module.findPackageJSON(name, base)
  if (manifest === undefined) return undefined
  const { exports } = JSON.parse(readFileSync(manifest, "utf8")) as { readonly exports?: Exports }
  // "@org/name/sub" and "name/sub" name the export "./sub".
  const sub = name.split("/").slice(name.startsWith("@") ? 2 : 1)
  const hasPaths =
    typeof exports === "object" && exports !== null && Object.keys(exports).some((key) => key.startsWith("."))
  const wanted = [".", ...sub].join("/")
  const own = hasPaths ? (exports as Record<string, Exports>)[wanted] : wanted === "." ? exports : undefined
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

/** Imports a module; rejects with a {@link PluginError} that says where its text or its code is wrong. */
export const importFile = async (path: string, who: string): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
  } catch (thrown) {
    throw new PluginError({ message: explain(path, who, thrown), cause: thrown })
  }
}

const explain = (path: string, who: string, thrown: unknown): string => {
  if (!(thrown instanceof Error)) return `${who} threw ${String(thrown)} while it was loaded: fix it there.`
  const { code } = thrown as NodeJS.ErrnoException
  const missing = /(?:package|module) '([^']+)'/.exec(thrown.message)?.[1]
  if (code === "ERR_MODULE_NOT_FOUND" && missing !== undefined) {
    return /^[./]|^[A-Z]:|^file:/.test(missing)
      ? `${who} imports ${missing}, which is not there: check the path.`
      : `${who} imports the package "${missing}", which is not installed: run \`npm install ${missing}\` in ${dirname(path)}.`
  }
  const isSyntax = thrown instanceof SyntaxError || code === "ERR_INVALID_TYPESCRIPT_SYNTAX"
  const place = placeOf(thrown)
  const first = thrown.message.split("\n").find((line) => line.trim() !== "") ?? thrown.name
  return isSyntax
    ? `${who} cannot be read${place}: ${first.trim()}.`
    : `${who} threw an error while it was loaded${place}: ${first.trim()}`
}

/** The file and the line of an error, as its stack has them. */
const placeOf = ({ stack = "" }: Error): string => {
  const found = /(?:file:\/\/)?((?:\/|[A-Z]:)[^\s():]+\.[mc]?[jt]s):(\d+)/.exec(stack)
  return found === null ? "" : ` (${found[1]}, line ${found[2]})`
}
