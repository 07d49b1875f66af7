import { encode } from "fast-png"
import { describe, expect, it } from "vitest"
import golden from "../../test/golden/images.json" with { type: "json" }
import { encodePng } from "../encode.ts"
import { readImage } from "./read-image.ts"

const bytesOf = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, "base64"))
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (letter) => letter.charCodeAt(0))
const named = (name: string): Uint8Array => bytesOf(golden.find((image) => image.name === name)!.file)

describe("readImage", () => {
  it.each(golden)("reads $name as PIL does, before black", async ({ name, file, width, height, rgb }) => {
    const image = await readImage(bytesOf(file))
    expect([image.width, image.height]).toEqual([width, height])
    const expected = bytesOf(rgb)
    expect(image.data).toHaveLength(expected.length)
    // Two JPEG decoders may round apart.
    const tolerance = name.startsWith("JPEG") ? 3 : 0
    for (const [i, value] of image.data.entries()) expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(tolerance)
  })

  it("keeps the upper 8 of 16 bits", async () => {
    const deep = Uint16Array.of(0x1234, 0xabcd, 0xffff, 0x00ff, 0x8000, 0x7fff)
    const image = await readImage(encode({ width: 2, height: 1, data: deep, depth: 16, channels: 3 }))
    expect(image.data).toEqual(Uint8Array.of(0x12, 0xab, 0xff, 0x00, 0x80, 0x7f))
  })

  it.each([
    ["an empty file", new Uint8Array()],
    ["not an image of a known kind", ascii("hello, this is text")],
    ["GIF", ascii("GIF89a....")],
    ["HEIC", ascii("\0\0\0\x18ftypheic")],
    ["AVIF", ascii("\0\0\0\x18ftypavif")],
    ["MP4 or MOV video", ascii("\0\0\0\x18ftypisom")],
    ["SVG or HTML text", ascii("<svg xmlns='http://www.w3.org/2000/svg'/>")],
  ])("says that %s is not what it reads", async (what, bytes) => {
    await expect(readImage(bytes)).rejects.toThrow(`This is ${what}; PNG, JPEG and WebP images are read`)
  })

  it.each(["PNG rgb", "JPEG grey"])("says that a %s cut in half is damaged", async (name) => {
    const bytes = named(name)
    await expect(readImage(bytes.subarray(0, bytes.length * 0.7))).rejects.toThrow(
      new RegExp(`^This ${name.split(" ")[0]} image is damaged or cut off`),
    )
  })

  it("says that a PNG with a changed byte is damaged", async () => {
    const bytes = named("PNG rgb").slice()
    bytes[bytes.length - 30]! ^= 255
    await expect(readImage(bytes)).rejects.toThrow("This PNG image is damaged")
  })

  it("refuses a picture of billions of pixels before unpacking it", async () => {
    const bytes = named("PNG rgb").slice()
    new DataView(bytes.buffer).setUint32(16, 60_000)
    new DataView(bytes.buffer).setUint32(20, 60_000)
    await expect(readImage(bytes)).rejects.toThrow(
      "This image is 60000×60000; the largest that is read has 100 megapixels",
    )
  })
})

describe("encodePng", () => {
  it("gives back what it was given, in the same bytes each time", async () => {
    const frame = { width: 5, height: 7, data: Uint8Array.from({ length: 105 }, (_, i) => (i * 37) % 256) }
    expect(await readImage(encodePng(frame).bytes)).toEqual(frame)
    expect(encodePng(frame)).toEqual(encodePng(frame))
  })
})
