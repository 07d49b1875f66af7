import { open, stat } from "node:fs/promises"

/** More than this is not read at once. */
const largestRead = 2 ** 30

/** The bytes of a file of any size; rejects for a device or a pipe, which may never end. */
export const readRegularFile = async (path: string): Promise<Uint8Array> => {
  if (!(await stat(path)).isFile()) throw new Error(`${path} is no file`)
  const file = await open(path)
  try {
    const bytes = new Uint8Array((await file.stat()).size)
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, largestRead), at)
      if (bytesRead === 0) return bytes.slice(0, at)
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}
