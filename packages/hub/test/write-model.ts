import { mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { blobsFolder, linkBlob, snapshotFolder, writeReference } from "../src/cache/hub-cache.ts"
import { hashOf } from "./hub-server.ts"
import { neededFiles } from "./tiny-repository.ts"

/** Writes the files of a model into a folder. */
export const writeModel = async (
  folder: string,
  files: ReadonlyMap<string, Uint8Array> = neededFiles(),
): Promise<string> => {
  for (const [path, bytes] of files) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), bytes)
  }
  return folder
}

/** Puts the tiny model into a cache, as if it had been fetched. */
export const writeCachedModel = async (
  cache: string,
  id: string,
  commit: string,
  revision: string,
): Promise<string> => {
  const snapshot = snapshotFolder(cache, id, commit)
  for (const [path, bytes] of neededFiles()) {
    const blob = join(blobsFolder(cache, id), hashOf(bytes))
    await mkdir(dirname(blob), { recursive: true })
    await writeFile(blob, bytes)
    await linkBlob(snapshot, path, blob, true)
  }
  await writeReference(cache, { id, revision }, commit)
  return snapshot
}
