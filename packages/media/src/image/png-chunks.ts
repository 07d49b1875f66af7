import { crc32 } from "node:zlib"

/** A chunk of a PNG file. Source: PNG specification §5.3. */
export interface PngChunk {
  readonly type: string
  readonly content: Uint8Array
}

const SIGNATURE = 8

// What the picture cannot do without; others are passed over when they are damaged, as browsers do.
const NEEDED: ReadonlySet<string> = new Set(["IHDR", "PLTE", "IDAT", "tRNS", "fcTL", "fdAT"])

/**
 * The chunks of a PNG file up to its end, which may be missing.
 *
 * @throws when a chunk that the picture needs is damaged or cut off
 */
export const pngChunks = function* (bytes: Uint8Array): Generator<PngChunk> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = SIGNATURE; at + 8 <= bytes.length;) {
    const end = at + 8 + view.getUint32(at)
    const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
    if (type === "IEND") return
    const isNeeded = NEEDED.has(type)
    if (end + 4 > bytes.length) {
      if (isNeeded) throw new Error(`its chunk ${type} is cut off`)
      return
    }
    const isWhole = crc32(bytes.subarray(at + 4, end)) === view.getUint32(end)
    if (isNeeded && !isWhole) throw new Error(`its chunk ${type} is damaged`)
    if (isWhole) yield { type, content: bytes.subarray(at + 8, end) }
    at = end + 4
  }
}

/** The header of a PNG file. */
export interface PngHeader {
  readonly width: number
  readonly height: number
  /** Bits of a sample. */
  readonly depth: number
  readonly colourType: number
  readonly interlaced: boolean
}

/** The colour types (PNG specification §11.2.1), and the depths that each may have. */
export const COLOUR = { grey: 0, rgb: 2, palette: 3, greyAlpha: 4, rgba: 6 } as const

const DEPTHS: Readonly<Record<number, ReadonlyArray<number>>> = {
  [COLOUR.grey]: [1, 2, 4, 8, 16],
  [COLOUR.rgb]: [8, 16],
  [COLOUR.palette]: [1, 2, 4, 8],
  [COLOUR.greyAlpha]: [8, 16],
  [COLOUR.rgba]: [8, 16],
}

/**
 * Reads the header, which is the first chunk.
 *
 * @throws when it is not there, or says what no PNG can be
 */
export const pngHeader = (bytes: Uint8Array): PngHeader => {
  if (bytes.length < 33) throw new Error("it ends within its header")
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const [depth = 0, colourType = 0, compression, filter, interlace = 0] = bytes.subarray(24, 29)
  if (DEPTHS[colourType]?.includes(depth) !== true) {
    throw new Error(`its header says colour type ${colourType} with ${depth} bits`)
  }
  if (compression !== 0 || filter !== 0 || interlace > 1) throw new Error("its header says a coding that is not known")
  const [width, height] = [view.getUint32(16), view.getUint32(20)]
  return { width, height, depth, colourType, interlaced: interlace === 1 }
}

/** The texts in PNG bytes, found without unpacking the picture. Source: PNG specification §11.3.3.2 (tEXt). */
export const pngTexts = (bytes: Uint8Array): ReadonlyMap<string, string> => {
  const texts = new Map<string, string>()
  try {
    for (const { type, content } of pngChunks(bytes)) {
      if (type !== "tEXt") continue
      const [keyword = "", ...text] = Buffer.from(content).toString("latin1").split("\0")
      texts.set(keyword, text.join("\0"))
    }
  } catch {
    // What was found before the damage is there all the same.
  }
  return texts
}

/** The keyword under which the first picture of a folder keeps the frame rate. */
export const RATE_KEY = "fps"

/** The frame rate among the texts of a picture, where it is one. */
export const toPictureRate = (texts: ReadonlyMap<string, string>): number | undefined => {
  const fps = Number(texts.get(RATE_KEY))
  return fps >= 1 && fps <= 240 ? fps : undefined
}
