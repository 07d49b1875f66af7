import { dirname } from "node:path"
import { pathToFileURL } from "node:url"
import { PluginError } from "@auteur/core"

/** A module's exports; rejects with a {@link PluginError} that says where its text or its code is wrong. */
export const importFile = async (path: string, what: string): Promise<Readonly<Record<string, unknown>>> => {
  try {
    return (await import(pathToFileURL(path).href)) as Readonly<Record<string, unknown>>
  } catch (thrown) {
    throw new PluginError({ message: explain(path, what, thrown), cause: thrown })
  }
}

const explain = (path: string, what: string, thrown: unknown): string => {
  if (!(thrown instanceof Error)) return `${what} threw ${String(thrown)} while it was loaded: mend it there.`
  const { code } = thrown as NodeJS.ErrnoException
  const missing = /(?:package|module) '([^']+)'/.exec(thrown.message)?.[1]
  if (code === "ERR_MODULE_NOT_FOUND" && missing !== undefined) {
    return /^[./]|^[A-Z]:|^file:/.test(missing)
      ? `${what} imports ${missing}, which is not there: check the path.`
      : `${what} imports the package "${missing}", which is not installed: run \`npm install ${missing}\` in ${dirname(path)}.`
  }
  const isSyntax = thrown instanceof SyntaxError || code === "ERR_INVALID_TYPESCRIPT_SYNTAX"
  const place = placeOf(thrown)
  const first = thrown.message.split("\n").find((line) => line.trim() !== "") ?? thrown.name
  return isSyntax
    ? `${what} cannot be read${place}: ${first.trim()}.`
    : `${what} threw an error while it was loaded${place}: ${first.trim()}`
}

/** Where an error came about, as its stack has it: a file of the reader's own, and a line. */
const placeOf = ({ stack = "" }: Error): string => {
  const found = /(?:file:\/\/)?((?:\/|[A-Z]:)[^\s():]+\.[mc]?[jt]s):(\d+)/.exec(stack)
  return found === null ? "" : ` (${found[1]}, line ${found[2]})`
}
