import { METADATA_KEY } from "../metadata.ts"

/** A picture of a GIF file, not unpacked yet. */
export interface GifFrame {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
  /** Red, green and blue of each colour. */
  readonly palette: Uint8Array
  readonly transparent: number | undefined
  /** How it ends after its time: 2 clears it, 3 brings back what was there before, others leave it. */
  readonly disposal: number
  /** Hundredths of a second. */
  readonly delay: number
  readonly interlaced: boolean
  readonly codeSize: number
  readonly blocks: ReadonlyArray<Uint8Array>
}

interface GifFile {
  readonly width: number
  readonly height: number
  readonly frames: ReadonlyArray<GifFrame>
  /** The comment that starts with our name, without it. */
  readonly note: string | undefined
}

interface Control {
  readonly disposal: number
  readonly delay: number
  readonly transparent: number | undefined
}

const NO_CONTROL: Control = { disposal: 0, delay: 0, transparent: undefined }

const EXTENSION = 0x21
const PICTURE = 0x2c
const GRAPHIC_CONTROL = 0xf9
const COMMENT = 0xfe

/** Reads bytes in their order; past the end, each read throws. */
const reader = (bytes: Uint8Array) => {
  let at = 0
  const take = (count: number): Uint8Array => {
    if (at + count > bytes.length) throw new CutOff("it ends within a picture")
    return bytes.subarray(at, (at += count))
  }
  const u8 = (): number => take(1)[0]!
  const u16 = (): number => u8() | (u8() << 8)
  const blocks = (): ReadonlyArray<Uint8Array> => {
    const found: Array<Uint8Array> = []
    for (let size = u8(); size > 0; size = u8()) found.push(take(size))
    return found
  }
  return { take, u8, u16, blocks, isAtEnd: () => at >= bytes.length }
}

class CutOff extends Error {}

const paletteSize = (fields: number): number => ((fields & 0x80) === 0 ? 0 : 3 * (2 << (fields & 7)))

const toControl = (block: Uint8Array | undefined): Control => {
  if (block === undefined || block.length < 4) return NO_CONTROL
  const [fields = 0, low = 0, high = 0, transparent = 0] = block
  return {
    disposal: (fields >> 2) & 7,
    delay: low | (high << 8),
    transparent: (fields & 1) === 1 ? transparent : undefined,
  }
}

const toNote = (comment: ReadonlyArray<Uint8Array>): string | undefined => {
  const text = Buffer.concat(comment).toString("latin1")
  const name = `${METADATA_KEY}:`
  return text.startsWith(name) ? text.slice(name.length) : undefined
}

/**
 * Finds the pictures of a GIF file. Extensions that are not known are passed over, and the trailer may be missing.
 *
 * Source: GIF89a specification.
 *
 * @throws when it is cut off within a picture, or has none
 */
export const readGifFile = (bytes: Uint8Array): GifFile => {
  const { take, u8, u16, blocks, isAtEnd } = reader(bytes)
  take(6)
  const [width, height, fields] = [u16(), u16(), u8()]
  take(2) // background colour, which browsers leave out; aspect ratio
  const common = take(paletteSize(fields))
  const frames: Array<GifFrame> = []
  let control = NO_CONTROL
  let note: string | undefined
  const readExtension = (): void => {
    const label = u8()
    const content = blocks()
    if (label === GRAPHIC_CONTROL) control = toControl(content[0])
    if (label === COMMENT) note ??= toNote(content)
  }
  const readPicture = (): void => {
    const place = { x: u16(), y: u16(), width: u16(), height: u16() }
    const own = u8()
    const palette = take(paletteSize(own))
    const codeSize = u8()
    if (codeSize < 1 || codeSize > 11) throw new Error(`picture ${frames.length + 1} has a code size of ${codeSize}`)
    const interlaced = (own & 0x40) !== 0
    frames.push({
      ...place,
      ...control,
      palette: palette.length > 0 ? palette : common,
      interlaced,
      codeSize,
      blocks: blocks(),
    })
    control = NO_CONTROL
  }
  while (!isAtEnd()) {
    const introducer = u8()
    if (introducer === PICTURE) readPicture()
    else if (introducer === EXTENSION) {
      try {
        readExtension()
      } catch (cause) {
        // All pictures that are there are whole.
        if (!(cause instanceof CutOff) || frames.length === 0) throw cause
      }
    } else if (introducer !== 0) break // the trailer, or what no program can know; a zero is a block's end too many
  }
  if (frames.length === 0) throw new Error("it has no picture")
  const [first] = frames as [GifFrame]
  // Some files say 0×0 and leave the size to their first picture.
  return {
    width: width === 0 ? first.x + first.width : width,
    height: height === 0 ? first.y + first.height : height,
    frames,
    note,
  }
}
