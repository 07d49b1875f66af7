import { mkdtemp, readFile, rm } from "node:fs/promises"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { Tensor } from "@auteur/core"
import { encodeGif, encodePng } from "@auteur/media"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { pixels, tiny } from "../../test/small-requests.ts"
import type { GeneratedVideo } from "../door/generated-video.ts"
import { type Model, openModel } from "../door/open-model.ts"

let folder = ""
let model: Model
let fox: GeneratedVideo
let bytes: Uint8Array<ArrayBuffer>
let server: Server
let address = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-sources-"))
  model = await openModel("emoji-world")
  fox = await model.generate("a fox", { ...tiny, frames: 9 })
  await fox.save(join(folder, "fox/"), { upscale: 1 })
  await fox.save(join(folder, "fox.webp"), { upscale: 1 })
  bytes = new Uint8Array(await readFile(join(folder, "fox.webp")))
  server = createServer((request, response) => {
    if (request.url === "/clips/fox.webp?size=1") response.end(bytes)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(async () => {
  await model.close()
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})

const request = { ...tiny, strength: 0.5, frames: 9 } as const

describe("the video to start from", () => {
  it("is read from a path, a URL, bytes, a Blob or a stream, to the same frames", async () => {
    const path = join(folder, "fox.webp")
    const sources = [
      [path, "fox.webp"],
      [pathToFileURL(path), "fox.webp"],
      [pathToFileURL(path).href, "fox.webp"],
      [`${address}/clips/fox.webp?size=1`, "fox.webp"],
      [new URL(`${address}/clips/fox.webp?size=1`), "fox.webp"],
      [`data:image/webp;base64,${Buffer.from(bytes).toString("base64")}`, "given as bytes"],
      [bytes, "given as bytes"],
      [bytes.buffer, "given as bytes"],
      [new Blob([bytes]), "given as bytes"],
      [new File([bytes], "clip.webp"), "clip.webp"],
      [new Blob([bytes]).stream(), "given as bytes"],
    ] as const
    const expected = pixels(await model.generate("a cat", { ...request, video: path }))
    for (const [video, name] of sources) {
      const made = await model.generate("a cat", { ...request, video })
      expect(made.metadata["video"]).toBe(name)
      expect(pixels(made)).toEqual(expected)
    }
  })

  it("may be frames: a tensor, or a video that was generated", async () => {
    const read = await model.generate("a cat", { ...request, video: join(folder, "fox/") })
    for (const video of [fox, fox.tensor]) {
      const made = await model.generate("a cat", { ...request, video })
      expect(made.metadata).toMatchObject({ strength: "0.5", video: "given as frames" })
      expect(pixels(made)).toEqual(pixels(read))
    }
  })

  it("is resized, and cut to the length that the model was trained at, unless it is given as frames", async () => {
    const long = await model.generate("a fox", { ...tiny, steps: 1, guidanceScale: 1, frames: 25 })
    await long.save(join(folder, "long.gif"), { upscale: 1, fps: 20 })
    const cut = await model.generate("a cat", {
      ...tiny,
      frames: undefined,
      video: join(folder, "long.gif"),
      width: 32,
      height: 32,
    })
    expect(cut).toMatchObject({ width: 32, height: 32, fps: 20, notice: "Of long.gif, the first 17 frames are used." })
    expect(cut.frames.length).toBe(17)
    const grey = Tensor.from(
      "batch frames height width channels",
      [1, 9, 32, 32, 3],
      new Uint8Array(9 * 32 * 32 * 3).fill(128),
      "uint8",
    )
    await expect(model.generate("a cat", { ...request, width: 64, height: 64, video: grey })).rejects.toThrow(
      "The video is 32×32 pixels, but 64×64 are asked for: resize it first.",
    )
  })

  it("is refused with its address where the server has none, or cannot be reached", async () => {
    const gone = model.generate("a cat", { ...request, video: `${address}/gone.mp4` })
    await expect(gone).rejects.toMatchObject({
      _tag: "MediaError",
      message: `${address}/gone.mp4 cannot be read. The answer is 404: check the address.`,
    })
    const nobody = model.generate("a cat", { ...request, video: "http://127.0.0.1:9/fox.mp4" })
    await expect(nobody).rejects.toMatchObject({
      _tag: "MediaError",
      message: expect.stringContaining("http://127.0.0.1:9/fox.mp4 cannot be read. It cannot be fetched (") as string,
    })
  })
})

describe("a clip of a few frames", () => {
  it("keeps its last one until there are as many as a video has, and says so", async () => {
    const colours = Array.from({ length: 7 }, (_, i) => ({
      width: 64,
      height: 64,
      data: new Uint8Array(64 * 64 * 3).fill(i * 30),
    }))
    const { bytes } = await encodeGif(colours, { fps: 10 })
    const made = await model.generate("a fox", { video: bytes, strength: 0.5, steps: 2, seed: 1 })
    expect(made.frames.length).toBe(8)
    expect(made.notice).toBe("given as bytes: It has only 7 frames, and its last is repeated until there are 8.")
    const last = colours.at(-1)!
    const longer = await encodeGif([...colours, last], { fps: 10 })
    const same = await model.generate("a fox", { video: longer.bytes, strength: 0.5, steps: 2, seed: 1 })
    expect(same.tensor.values()).toEqual(made.tensor.values())
  })

  it("of a still picture stays a still picture", async () => {
    const { bytes } = encodePng({ width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(90) })
    expect((await model.generate("a fox", { video: bytes, strength: 0.5, steps: 2 })).frames.length).toBe(1)
  })
})
