import { randomUUID } from "node:crypto"
import { copyFile, mkdir, readdir, readFile, rename, rm, stat, symlink, writeFile } from "node:fs/promises"
import { dirname, join, posix, relative } from "node:path"
import { isCommit, isRevision, parseRepository, type Repository } from "./repository.ts"

/**
 * The cache layout that the Hugging Face tools share: `models--org--name/` with `blobs/<hash>`,
 * `refs/<revision>` (a file that holds a commit) and `snapshots/<commit>/…` (links to the blobs).
 */
export const repositoryFolder = (cache: string, id: string): string => join(cache, `models--${id.replace("/", "--")}`)

export const blobsFolder = (cache: string, id: string): string => join(repositoryFolder(cache, id), "blobs")

export const snapshotFolder = (cache: string, id: string, commit: string): string =>
  join(repositoryFolder(cache, id), "snapshots", commit)

/** `org/name` of a snapshot's folder in the cache; nothing for any other folder. */
export const repositoryOfSnapshot = (path: string): string | undefined => {
  const [, folder, commit] = /models--([^/\\]+)[/\\]snapshots[/\\]([0-9a-f]{40})[/\\]?$/.exec(path) ?? []
  return folder === undefined || commit === undefined ? undefined : folder.replace("--", "/")
}

const entries = async (folder: string): Promise<Array<string>> => {
  try {
    return (await readdir(folder)).toSorted()
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === "ENOENT" || code === "ENOTDIR") return []
    throw cause
  }
}

/** The `org/name` of every model repository in the cache. */
export const cachedRepositories = async (cache: string): Promise<ReadonlyArray<string>> =>
  (await entries(cache))
    .filter((name) => name.startsWith("models--"))
    .map((name) => name.slice("models--".length).replace("--", "/"))
    .filter((id) => parseRepository(id) !== undefined)

/** The commits of which the cache holds at least a part. */
export const cachedCommits = async (cache: string, id: string): Promise<ReadonlyArray<string>> =>
  (await entries(join(repositoryFolder(cache, id), "snapshots"))).filter(isCommit)

/** The commit that a revision stood for when it was fetched; nothing when it never was. */
export const readReference = async (cache: string, { id, revision }: Repository): Promise<string | undefined> => {
  if (isCommit(revision)) return (await cachedCommits(cache, id)).includes(revision) ? revision : undefined
  try {
    const commit = (await readFile(join(repositoryFolder(cache, id), "refs", revision), "utf8")).trim()
    return isCommit(commit) ? commit : undefined
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return undefined
    throw cause
  }
}

/** Every revision of a repository that has been fetched, with its commit. */
export const cachedReferences = async (cache: string, id: string): Promise<ReadonlyMap<string, string>> => {
  const folder = join(repositoryFolder(cache, id), "refs")
  const found = new Map<string, string>()
  const names = await readdir(folder, { recursive: true }).catch((): Array<string> => [])
  for (const name of names.map((name) => name.replaceAll("\\", "/")).toSorted()) {
    // A process that was killed may have left what it had not yet renamed.
    if (/\.[0-9a-f]{8}\.tmp$/.test(name)) continue
    const commit = isRevision(name) ? await readReference(cache, { id, revision: name }) : undefined
    if (commit !== undefined) found.set(name, commit)
  }
  return found
}

/** Remembers which commit a revision stands for; a reader sees the old commit or the new one. */
export const writeReference = async (cache: string, { id, revision }: Repository, commit: string): Promise<void> => {
  if (isCommit(revision)) return
  const path = join(repositoryFolder(cache, id), "refs", revision)
  await mkdir(dirname(path), { recursive: true })
  await replace(path, (temporary) => writeFile(temporary, commit, { flag: "wx" }))
}

/** Errors of file systems without symbolic links: exFAT, network shares, and Windows without developer mode. */
const withoutLinks = new Set(["EPERM", "EACCES", "ENOSYS", "ENOTSUP", "EOPNOTSUPP", "EINVAL", "UNKNOWN"])

/**
 * Makes a file of a snapshot stand for a blob; a path below the snapshot, with slashes. Where there are no links, the file itself goes
 * into the snapshot, as with the Hugging Face tools: moved when it is `new`, else copied, as another snapshot may share it.
 */
export const linkBlob = async (snapshot: string, path: string, blob: string, isNew: boolean): Promise<void> => {
  const link = join(snapshot, ...path.split(posix.sep))
  await mkdir(dirname(link), { recursive: true })
  try {
    await replace(link, (temporary) => symlink(relative(dirname(link), blob), temporary))
  } catch (cause) {
    if (!withoutLinks.has((cause as NodeJS.ErrnoException).code ?? "")) throw cause
    // Where the folder may not be written to at all, this fails in the same way.
    await (isNew ? rename(blob, link) : replace(link, (temporary) => copyFile(blob, temporary)))
  }
}

const replace = async (path: string, make: (temporary: string) => Promise<void>): Promise<void> => {
  const temporary = `${path}.${randomUUID().slice(0, 8)}.tmp`
  try {
    await make(temporary)
    await rename(temporary, path)
  } catch (cause) {
    await rm(temporary, { force: true })
    throw cause
  }
}

/** The size of a file in bytes, links followed; nothing when there is none. */
export const fileSize = async (path: string): Promise<number | undefined> => {
  try {
    const info = await stat(path)
    return info.isFile() ? info.size : undefined
  } catch (cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (code === "ENOENT" || code === "ENOTDIR" || code === "ELOOP") return undefined
    throw cause
  }
}
