/** A picture of a GIF, as {@link tinyGif} writes it; its colours are indices of the palette. */
export interface TinyPicture {
  readonly x?: number
  readonly y?: number
  readonly width: number
  readonly height: number
  readonly pixels: ReadonlyArray<number>
  readonly delay?: number
  readonly disposal?: number
  readonly transparent?: number
  readonly interlaced?: boolean
  readonly palette?: ReadonlyArray<number>
  /** Coded bytes in place of those of the pixels. */
  readonly coded?: ReadonlyArray<number>
  /** Bytes that stand before the picture, such as an extension. */
  readonly before?: ReadonlyArray<number>
}

const u16 = (value: number): ReadonlyArray<number> => [value & 255, value >> 8]

const CODE_SIZE = 2

/** Packs indices below 4 without compression: a clear code before every second index keeps codes at three bits. */
export const packIndices = (
  indices: ReadonlyArray<number>,
  { clears = true, ends = true }: { readonly clears?: boolean; readonly ends?: boolean } = {},
): ReadonlyArray<number> => {
  const [clear, end] = [4, 5]
  const codes = [
    ...indices.flatMap((index, i) => (i % 2 === 0 && (clears || i > 0) ? [clear, index] : [index])),
    ...(ends ? [end] : []),
  ]
  const bits = codes.flatMap((code) => [code & 1, (code >> 1) & 1, (code >> 2) & 1])
  const bytes = Array.from({ length: Math.ceil(bits.length / 8) }, (_, i) =>
    bits.slice(i * 8, i * 8 + 8).reduce((byte, bit, k) => byte | (bit << k), 0),
  )
  return [bytes.length, ...bytes, 0]
}

/** Writes a GIF of four colours: black, red, green and blue, unless a picture has its own; as odd as it is asked to be. */
export const tinyGif = (
  screen: readonly [width: number, height: number],
  pictures: ReadonlyArray<TinyPicture>,
  { palette = true, trailer = [0x3b] }: { readonly palette?: boolean; readonly trailer?: ReadonlyArray<number> } = {},
): Uint8Array => {
  const colours = [0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 255]
  const blocks = pictures.flatMap(({ x = 0, y = 0, width, height, pixels, delay = 10, disposal = 0, ...more }) => [
    ...(more.before ?? []),
    0x21,
    0xf9,
    4,
    (disposal << 2) | (more.transparent === undefined ? 0 : 1),
    ...u16(delay),
    more.transparent ?? 0,
    0,
    0x2c,
    ...u16(x),
    ...u16(y),
    ...u16(width),
    ...u16(height),
    (more.palette === undefined ? 0 : 0x81) | (more.interlaced === true ? 0x40 : 0),
    ...(more.palette ?? []),
    CODE_SIZE,
    ...(more.coded ?? packIndices(pixels)),
  ])
  const head = [...Buffer.from("GIF89a"), ...u16(screen[0]), ...u16(screen[1]), palette ? 0x81 : 0, 0, 0]
  return Uint8Array.from([...head, ...(palette ? colours : []), ...blocks, ...trailer])
}
