import { MediaError } from "@auteur/core"
import { describe, expect, it } from "vitest"
import { movingSquare } from "../test/moving-square.ts"
import { encodeGif, encodeMp4, encodePng, encodeStream, encodeVideo, encodeWebp } from "./encode.ts"
import { readImage } from "./image/read-image.ts"
import { readMetadata, readVideo } from "./read-video.ts"

const frames = movingSquare(5, 32, 24)
const metadata = { prompt: "a fox" }

describe.each([
  ["mp4", "video/mp4", encodeMp4],
  ["webp", "image/webp", encodeWebp],
  ["gif", "image/gif", encodeGif],
] as const)("%s", (kind, mediaType, encode) => {
  it("is encoded in memory, with its media type and without a size being named", async () => {
    const encoded = await encode(frames, { fps: 8, metadata })
    expect(encoded.mediaType).toBe(mediaType)
    expect((await readVideo(encoded.bytes)).video.shape).toEqual([1, 5, 24, 32, 3])
    expect(await readMetadata(encoded.bytes)).toEqual(metadata)
  })

  it("is the same as a stream of bytes", async () => {
    const stream = encodeStream(kind, frames, { fps: 8, metadata })
    expect(new Uint8Array(await new Response(stream).arrayBuffer())).toEqual(
      (await encode(frames, { fps: 8, metadata })).bytes,
    )
  })

  it("fails as a stream with the error of the frames, and ends the frames of a cancelled one", async () => {
    const odd = encodeStream(kind, [frames[0]!, { ...frames[1]!, width: 31 }], { fps: 8 })
    await expect(new Response(odd).arrayBuffer()).rejects.toThrow(MediaError)
    const { promise: taken, resolve: take } = Promise.withResolvers<void>()
    const { promise: ended, resolve: end } = Promise.withResolvers<void>()
    async function* endless() {
      try {
        for (; ; take()) yield frames[0]!
      } finally {
        end()
      }
    }
    const reader = encodeStream(kind, endless(), { fps: 8 }).getReader()
    const reading = reader.read()
    await taken
    await reader.cancel()
    expect(await reading).toEqual({ done: true, value: undefined })
    await ended
  })
})

it("makes smaller files at a lower quality where the kind of file has one", async () => {
  for (const kind of ["mp4", "webp"] as const) {
    const [low, high] = await Promise.all(
      [10, 95].map(async (quality) => (await encodeVideo(kind, frames, { fps: 8, quality })).bytes.length),
    )
    expect(low).toBeLessThan(high!)
  }
})

it("keeps metadata in a PNG of one frame", async () => {
  const { bytes, mediaType } = encodePng(frames[0]!, { metadata })
  expect(mediaType).toBe("image/png")
  expect(await readImage(bytes)).toEqual(frames[0])
  expect(await readMetadata(bytes)).toEqual(metadata)
})

it("refuses options that the kind of file cannot hold, before a frame is taken", async () => {
  const untouched = {
    [Symbol.asyncIterator]: () => {
      throw new Error("taken")
    },
  }
  await expect(encodeGif(untouched, { fps: 60 })).rejects.toThrow("A GIF plays at most 50 frames")
  await expect(encodeVideo("png", frames, { fps: 8 })).rejects.toThrow("A PNG file holds one picture")
})
