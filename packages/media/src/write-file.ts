import { randomUUID } from "node:crypto"
import { access, constants, link, lstat, open, readlink, realpath, rename, rm, stat, writeFile } from "node:fs/promises"
import { basename, dirname, extname, join, resolve } from "node:path"
import { MediaError } from "@auteur/core"

/** The kind of thing at a path, and its mode. */
interface Present {
  readonly mode: number
  readonly isFile: () => boolean
  readonly isDirectory: () => boolean
}

/** The thing at a path; undefined where there is none. Whatever else is wrong with the path is thrown. */
export const statIfPresent = async (path: string): Promise<Present | undefined> => {
  try {
    return await stat(path)
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined
    throw cause
  }
}

/** The `code` of an error of the file system. */
export const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown"

const MOST_LINKS = 40

/** The path behind links, also where the last of them leads to a file that is not there yet. */
export const followLinks = async (path: string, followed = 0): Promise<string> => {
  try {
    return await realpath(path)
  } catch (cause) {
    if (codeOf(cause) !== "ENOENT") throw cause
  }
  const target = await readlink(path).catch(() => undefined)
  if (target === undefined) return path
  if (followed >= MOST_LINKS) throw Object.assign(new Error(path), { code: "ELOOP", path })
  return followLinks(resolve(dirname(path), target), followed + 1)
}

const PARTIAL = ".part"

/** A name beside the target for what is not finished. */
export const besideIt = (target: string): string =>
  join(dirname(target), `.${basename(target).slice(0, 64)}.${randomUUID()}`)

/** One sentence on why a path, or the target of its link, cannot be written to, with the fix. */
export const explainWriteFailure = (path: string, cause: unknown, target: string = path): string => {
  const folder = dirname(target)
  switch (codeOf(cause)) {
    case "ENOENT":
      return `Cannot write ${path}: the folder ${folder} does not exist. Make it first or name another place.`
    case "ENOTDIR":
      return `Cannot write ${path}: ${folder} is a file, not a folder. Name another place.`
    case "EISDIR":
      return `Cannot write ${path}: it is a folder. Add a file name, such as ${join(path, "video.mp4")}.`
    case "EACCES":
    case "EPERM": {
      const failed = cause instanceof Error && "path" in cause ? String(cause.path) : folder
      // It is the folder that refuses a new file.
      const denied = failed.endsWith(PARTIAL) ? dirname(failed) : failed
      return `Cannot write ${path}: writing to ${denied} is not permitted. Change its permissions or name another place.`
    }
    case "EROFS":
      return `Cannot write ${path}: the disk is read-only. Name a place on another disk.`
    case "ENOSPC":
    case "EDQUOT":
      return `Cannot write ${path}: the disk is full. Free some space or name a place on another disk.`
    case "EFBIG":
      return `Cannot write ${path}: it would be larger than a file may be there. Raise the limit ("ulimit -f") or name a place on another disk.`
    case "EMFILE":
    case "ENFILE":
      return `Cannot write ${path}: too many files are open. Raise the limit ("ulimit -n") or close other programs.`
    case "ENAMETOOLONG":
      return `Cannot write ${path}: the name is too long. Name a shorter one.`
    case "ELOOP":
      return `Cannot write ${path}: it is a link in a loop of links. Remove the link or name another place.`
    default:
      return `Cannot write ${path} (${cause instanceof Error ? cause.message : String(cause)}). Name another place.`
  }
}

/** Writes the bytes to a temporary file beside the target, which `place` then puts in its place. */
const writeBeside = async (
  target: string,
  bytes: Uint8Array,
  mode: number | undefined,
  place: (temporary: string) => Promise<void>,
): Promise<void> => {
  const temporary = `${besideIt(target)}${PARTIAL}`
  try {
    await writeFile(temporary, bytes, { flag: "wx", ...(mode !== undefined && { mode }) })
    await place(temporary)
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined)
    throw cause
  }
}

/**
 * Writes a file so that its path holds either what it held before or all the new bytes, never a part of them.
 *
 * The bytes go to a temporary file beside the target, which then takes its place; links are followed, and a device such
 * as `/dev/stdout` is written to directly.
 *
 * @throws MediaError that names the path and the fix; the temporary file is removed
 */
export const writeFileAtomically = async (path: string, bytes: Uint8Array): Promise<void> => {
  let target = path
  try {
    target = await followLinks(path)
    const present = await statIfPresent(target)
    if (present?.isDirectory()) throw Object.assign(new Error(path), { code: "EISDIR" })
    if (present !== undefined && !present.isFile()) return await writeFile(target, bytes)
    // The replacement would not ask whether the old file may be written to.
    if (present !== undefined) await access(target, constants.W_OK)
    await writeBeside(target, bytes, present?.mode, (temporary) => rename(temporary, target))
  } catch (cause) {
    throw new MediaError({ message: explainWriteFailure(path, cause, target) })
  }
}

// What a file system without hard links answers.
const NO_LINKS: ReadonlySet<string> = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EXDEV"])

/** Puts a file at a path where nothing is; fails with EEXIST otherwise. */
const placeNew = async (temporary: string, target: string): Promise<void> => {
  try {
    await link(temporary, target)
    await rm(temporary)
  } catch (cause) {
    if (!NO_LINKS.has(codeOf(cause))) throw cause
    // An empty file reserves the name.
    await (await open(target, "wx")).close()
    await rename(temporary, target)
  }
}

/** The path with a number after its name: `fox.mp4`, `fox-2.mp4`, `fox-3.mp4` and so on. */
export const numberedPaths = function* (path: string): Generator<string> {
  yield path
  const ending = extname(path)
  const [, name, number] = /^(.*?)(?:-([1-9]\d{0,8}))?$/su.exec(basename(path, ending))!
  for (let n = Number(number ?? 1) + 1; ; n++) yield join(dirname(path), `${name}-${n}${ending}`)
}

/** Whether something is at a path, be it a link that leads nowhere. */
export const isTaken = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )

/**
 * Writes a file at the first of the numbered paths where nothing is, whole, and gives that path.
 *
 * @throws MediaError as {@link writeFileAtomically} does
 */
export const writeNewFile = async (path: string, bytes: Uint8Array): Promise<string> => {
  for (const numbered of numberedPaths(path)) {
    try {
      if (await isTaken(numbered)) continue
      await writeBeside(numbered, bytes, undefined, (temporary) => placeNew(temporary, numbered))
      return numbered
    } catch (cause) {
      if (codeOf(cause) !== "EEXIST") throw new MediaError({ message: explainWriteFailure(numbered, cause) })
    }
  }
  throw new MediaError({ message: `Cannot write ${path}: no number is free for its name. Name another place.` })
}

/**
 * Finds out before the work whether a file can be written at a path: the folder is there and may be written to.
 *
 * @throws MediaError as `writeFileAtomically` does
 */
export const checkWritable = async (path: string): Promise<void> => {
  let target = path
  try {
    target = await followLinks(path)
    const present = await statIfPresent(target)
    if (present?.isDirectory()) throw Object.assign(new Error(path), { code: "EISDIR" })
    if (present !== undefined && !present.isFile()) return
    // The new file takes the old one's place, so that both have to be writable.
    if (present !== undefined) await access(target, constants.W_OK)
    await access(dirname(target), constants.W_OK)
    if (!(await stat(dirname(target))).isDirectory()) throw Object.assign(new Error(path), { code: "ENOTDIR" })
  } catch (cause) {
    throw new MediaError({ message: explainWriteFailure(path, cause, target) })
  }
}
