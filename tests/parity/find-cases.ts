import { readdirSync, realpathSync, statSync } from "node:fs"
import { basename, join, relative, sep } from "node:path"
import type { CaseFolder } from "./case-folder.ts"
import { isCase } from "./recognise.ts"

/** What stands on one row of the table. */
export type Case =
  | { readonly name: string; readonly folder: CaseFolder }
  /** A file of names and shapes. */
  | { readonly name: string; readonly file: string }
  /** A folder that cannot be looked into. */
  | { readonly name: string; readonly problem: string }

/** A folder's files and folders; links count as what they point to. */
const list = (path: string): CaseFolder => {
  const files = new Set<string>()
  const folders = new Set<string>()
  for (const name of readdirSync(path).toSorted()) {
    if (name.startsWith(".") || name === "node_modules") continue
    const entry = statSync(join(path, name), { throwIfNoEntry: false })
    if (entry?.isDirectory() === true) folders.add(name)
    else files.add(name)
  }
  return { path, files, folders }
}

const listOrProblem = (path: string): CaseFolder | string => {
  try {
    return list(path)
  } catch (error) {
    return `${path} cannot be read (${(error as NodeJS.ErrnoException).code}).`
  }
}

const isText = (name: string): boolean => /\.(md|txt)$/i.test(name)

/**
 * Finds the cases in a folder, at any depth: folders with reference values, files of shapes, and folders that are neither but
 * hold something, so that nothing is passed over. The folders inside a case belong to it.
 */
export const findCases = (root: string): ReadonlyArray<Case> => {
  const cases: Array<Case> = []
  const seen = new Set<string>()
  const walk = (path: string): void => {
    const real = realpathSync(path)
    if (seen.has(real)) return
    seen.add(real)
    const name = relative(root, path).replaceAll(sep, "/") || basename(real)
    const folder = listOrProblem(path)
    if (typeof folder === "string") {
      cases.push({ name, problem: folder })
      return
    }
    if (isCase(folder)) {
      cases.push({ name, folder })
      return
    }
    const others = [...folder.files].filter((file) => !isText(file))
    for (const file of others.filter((file) => file.endsWith(".json"))) {
      cases.push({ name: path === root ? file : `${name}/${file}`, file: join(path, file) })
    }
    const isLeaf = folder.folders.size === 0 && path !== root
    if (others.some((file) => !file.endsWith(".json")) || (isLeaf && others.length === 0)) cases.push({ name, folder })
    for (const child of folder.folders) walk(join(path, child))
  }
  walk(root)
  return cases
}
