import { createHash } from "node:crypto"
import { readdir, readFile, utimes, writeFile } from "node:fs/promises"
import { hostname } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { temporaryFolder } from "../../test/temporary-cache.ts"
import { toDiskError } from "../hub-error.ts"
import { claimPartialFile, type PartialFile, partialSize } from "./partial-file.ts"
import type { RemoteFile } from "./remote-files.ts"

const text = new TextEncoder().encode("a file that comes in parts")
const sha256 = createHash("sha256").update(text).digest("hex")
const file: RemoteFile = { path: "x", size: text.length, algorithm: "sha256", hash: sha256 }
const signal = new AbortController().signal

const claim = async (blobs: string): Promise<PartialFile> => {
  const claimed = await claimPartialFile(blobs, file)
  if ("elsewhere" in claimed) throw new Error(`another process has ${claimed.elsewhere} bytes`)
  await claimed.partial.resume(signal)
  return claimed.partial
}
const withFolder = (work: (folder: string) => Promise<void>) =>
  Effect.flatMap(temporaryFolder, (folder) => Effect.promise(() => work(folder)))

describe("claimPartialFile", () => {
  it.effect("goes on with the bytes of an earlier try and ends with the hash of all", () =>
    withFolder(async (blobs) => {
      const first = await claim(blobs)
      await first.append(text.subarray(0, 10))
      await first.release()
      assert.deepStrictEqual(await readdir(blobs), [`${sha256}.auteur.incomplete`])
      assert.strictEqual(await partialSize(blobs, sha256), 10)
      const second = await claim(blobs)
      assert.strictEqual(second.size, 10)
      await second.append(text.subarray(10))
      assert.strictEqual(second.digest(), sha256)
      await second.finish(join(blobs, sha256))
      await second.release()
      assert.deepStrictEqual(await readdir(blobs), [sha256])
      assert.deepStrictEqual(new Uint8Array(await readFile(join(blobs, sha256))), text)
    }),
  )

  it.effect("leaves a file to whom is at it, and nothing behind where nothing came", () =>
    withFolder(async (blobs) => {
      const first = await claim(blobs)
      await first.append(text.subarray(0, 7))
      assert.deepStrictEqual(await claimPartialFile(blobs, file), { elsewhere: 7 })
      await first.clear()
      await first.release()
      assert.isEmpty(await readdir(blobs))
    }),
  )

  it.effect("takes over from a process that is gone, and from one far away that has long been silent", () =>
    withFolder(async (blobs) => {
      const here = hostname().replaceAll(/[^\w-]/g, "_") || "host"
      // No process has this number: it is above the greatest that systems give.
      const gone = join(blobs, `${sha256}.${here}~999999999~0a1b2c3d.incomplete`)
      await writeFile(gone, text.subarray(0, 5))
      const far = join(blobs, `${sha256}.other-host~1~0a1b2c3d.incomplete`)
      await writeFile(far, text.subarray(0, 9))
      assert.deepStrictEqual(await claimPartialFile(blobs, file), { elsewhere: 9 })
      const longAgo = new Date(Date.now() - 3_600_000)
      await utimes(far, longAgo, longAgo)
      const partial = await claim(blobs)
      assert.strictEqual(partial.size, 9)
      await partial.release()
    }),
  )

  it.effect("does not touch the partial files of the Hugging Face tools", () =>
    withFolder(async (blobs) => {
      const theirs = [`${sha256}.incomplete`, `${sha256}.0a1b2c3d.incomplete`]
      for (const name of theirs) await writeFile(join(blobs, name), "theirs")
      const partial = await claim(blobs)
      assert.strictEqual(partial.size, 0)
      await partial.release()
      assert.sameMembers(await readdir(blobs), theirs)
    }),
  )
})

describe("toDiskError", () => {
  it.each([
    [
      "ENOSPC",
      /The disk of the model cache \/cache is full: free some space or set HF_HUB_CACHE .* continue with the same command\.$/,
    ],
    ["EACCES", /The model cache \/cache may not be written to: change its permissions/],
    ["EIO", /The model cache \/cache cannot be read or written \(EIO\): check the disk/],
  ])("says what %s means", (code, sentence) => {
    assert.match(toDiskError("/cache", Object.assign(new Error("write"), { code })).message, sentence)
  })

  it("does not take a mistake of this program for a fault of the disk", () => {
    assert.throws(() => toDiskError("/cache", new RangeError("a mistake")), "a mistake")
  })
})
