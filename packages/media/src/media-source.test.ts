import { execFileSync } from "node:child_process"
import { createServer } from "node:http"
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { MediaError, type MediaSource } from "@auteur/core"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { movingSquare } from "../test/moving-square.ts"
import { encodePng, encodeVideo } from "./encode.ts"
import { readImage } from "./image/read-image.ts"
import { readMetadata, readVideo } from "./read-video.ts"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-media-"))
})
afterEach(() => rm(folder, { recursive: true }))

const frames = movingSquare(3, 32, 24)
const rejection = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => {
      throw new Error("nothing was refused")
    },
    (cause: unknown) => {
      expect(cause).toBeInstanceOf(MediaError)
      return (cause as MediaError).message
    },
  )

const inParts = (bytes: Uint8Array): ReadableStream<Uint8Array> =>
  new ReadableStream({
    start: (controller) => {
      for (let at = 0; at < bytes.length; at += 100) controller.enqueue(bytes.subarray(at, at + 100))
      controller.close()
    },
  })

const served = async <A>(bytes: Uint8Array, use: (url: URL) => Promise<A>): Promise<A> => {
  const server = createServer((request, response) => {
    response.writeHead(request.url === "/video" ? 200 : 404).end(bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    return await use(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/video`))
  } finally {
    server.closeAllConnections()
    server.close()
  }
}

describe.each(["mp4", "webp", "gif"] as const)("%s", (kind) => {
  it("is the same out of a path, a URL, bytes, a Blob and a stream", async () => {
    const { bytes } = await encodeVideo(kind, frames, { fps: 8, metadata: { prompt: "a fox" } })
    const path = join(folder, "clip")
    await writeFile(path, bytes)
    const whole = await readVideo(bytes)
    const sources: ReadonlyArray<() => MediaSource> = [
      () => path,
      () => pathToFileURL(path),
      () => bytes.slice().buffer,
      () => new Blob([bytes.slice()]),
      () => inParts(bytes),
    ]
    for (const source of sources) {
      expect((await readVideo(source())).video.values()).toEqual(whole.video.values())
      expect(await readMetadata(source())).toEqual({ prompt: "a fox" })
    }
    await served(bytes, async (url) => {
      expect((await readVideo(url)).video.values()).toEqual(whole.video.values())
      expect(await rejection(readVideo(new URL("/none", url)))).toContain("none cannot be read. The answer is 404")
    })
  })
})

it("an image too", async () => {
  const { bytes } = encodePng(frames[0]!)
  const path = join(folder, "image.png")
  await writeFile(path, bytes)
  for (const source of [path, pathToFileURL(path), new Blob([bytes.slice()]), inParts(bytes)]) {
    expect(await readImage(source)).toEqual(frames[0])
  }
})

it("refuses what is not a source, what is not a regular file, and a loop of links", async () => {
  expect(await rejection(readVideo(7 as unknown as string))).toContain("Give a path, a URL, a Uint8Array")
  const loop = join(folder, "loop.mp4")
  await symlink(loop, loop)
  expect(await rejection(readVideo(loop))).toBe(
    `${loop} cannot be read. It is a link in a loop of links: name the file itself.`,
  )
  const pipe = join(folder, "pipe.mp4")
  execFileSync("mkfifo", [pipe])
  expect(await rejection(readVideo(pipe))).toContain("It is not a regular file: save it to one first.")
  expect(await rejection(readImage(pipe))).toContain("It is not a regular file")
})

it("names the frame of a folder that is a pipe, has no pixels or is not there", async () => {
  await writeFile(join(folder, "1.png"), encodePng(frames[0]!).bytes)
  const second = join(folder, "2.png")
  execFileSync("mkfifo", [second])
  expect(await rejection(readVideo(folder))).toContain(
    "2.png in it cannot be used as a frame: It is not a regular file",
  )
  await rm(second)
  const nothing = encodePng(frames[0]!).bytes
  nothing.fill(0, 16, 24) // width and height
  await writeFile(second, nothing)
  expect(await rejection(readVideo(folder))).toContain("2.png in it cannot be used as a frame: This image is 0×0")
  await rm(second)
  await symlink(second, second)
  expect(await rejection(readVideo(folder))).toContain("2.png in it cannot be used as a frame: It is a link in a loop")
})
