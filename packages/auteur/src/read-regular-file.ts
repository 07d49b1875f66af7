import { readFile, stat } from "node:fs/promises"

/** The bytes of a file; rejects for a device or a pipe, which may never end. */
export const readRegularFile = async (path: string): Promise<Uint8Array> => {
  if (!(await stat(path)).isFile()) throw new Error(`${path} is no file`)
  return readFile(path)
}
