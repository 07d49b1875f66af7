import { randomUUID } from "node:crypto"
import { access, constants, realpath, rename, rm, stat, writeFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { MediaError } from "@auteur/core"

/** What is of interest at a path. */
interface Present {
  readonly mode: number
  readonly isFile: () => boolean
  readonly isDirectory: () => boolean
}

/** What is at a path; nothing where there is nothing, and what else is wrong with the path is thrown. */
export const statIfPresent = async (path: string): Promise<Present | undefined> => {
  try {
    return await stat(path)
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return undefined
    throw cause
  }
}

const codeOf = (cause: unknown): string =>
  cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : "unknown"

/** One sentence on why a path cannot be written to, with the mend. */
export const explainWriteFailure = (path: string, cause: unknown): string => {
  const folder = dirname(path)
  switch (codeOf(cause)) {
    case "ENOENT":
      return `Cannot write ${path}: the folder ${folder} does not exist. Make it first or name another place.`
    case "ENOTDIR":
      return `Cannot write ${path}: ${folder} is a file, not a folder. Name another place.`
    case "EISDIR":
      return `Cannot write ${path}: it is a folder. Add a file name, such as ${join(path, "video.mp4")}.`
    case "EACCES":
    case "EPERM":
      return `Cannot write ${path}: writing is not permitted in ${folder}. Change its permissions or name another place.`
    case "EROFS":
      return `Cannot write ${path}: the disk is read-only. Name a place on another disk.`
    case "ENOSPC":
    case "EDQUOT":
      return `Cannot write ${path}: the disk is full. Free some space or name a place on another disk.`
    case "ENAMETOOLONG":
      return `Cannot write ${path}: the name is too long. Name a shorter one.`
    default:
      return `Cannot write ${path} (${cause instanceof Error ? cause.message : String(cause)}). Name another place.`
  }
}

/**
 * Writes a file so that its path holds either what it held before or all the new bytes, never a part of them.
 *
 * The bytes go to a temporary file beside the target, which then takes its place; links are followed, and a device such
 * as `/dev/stdout` is written to directly.
 *
 * @throws MediaError that names the path and the mend; the temporary file is removed
 */
export const writeFileAtomically = async (path: string, bytes: Uint8Array): Promise<void> => {
  let temporary: string | undefined
  try {
    const present = await statIfPresent(path)
    if (present?.isDirectory()) throw Object.assign(new Error(path), { code: "EISDIR" })
    if (present !== undefined && !present.isFile()) return await writeFile(path, bytes)
    const target = present === undefined ? path : await realpath(path)
    // The replacement would not ask whether the old file may be written to.
    if (present !== undefined) await access(target, constants.W_OK)
    temporary = join(dirname(target), `.${basename(target).slice(0, 64)}.${randomUUID()}.part`)
    await writeFile(temporary, bytes, { flag: "wx", ...(present && { mode: present.mode }) })
    await rename(temporary, target)
  } catch (cause) {
    if (temporary !== undefined) await rm(temporary, { force: true }).catch(() => undefined)
    throw new MediaError({ message: explainWriteFailure(path, cause) })
  }
}

/**
 * Finds out before the work whether a file can be written at a path: the folder is there and may be written to.
 *
 * @throws MediaError as `writeFileAtomically` does
 */
export const checkWritable = async (path: string): Promise<void> => {
  try {
    const present = await statIfPresent(path)
    if (present?.isDirectory()) throw Object.assign(new Error(path), { code: "EISDIR" })
    await access(present === undefined ? dirname(path) : path, constants.W_OK)
    if (present === undefined && !(await stat(dirname(path))).isDirectory()) {
      throw Object.assign(new Error(path), { code: "ENOTDIR" })
    }
  } catch (cause) {
    throw new MediaError({ message: explainWriteFailure(path, cause) })
  }
}
