import { createRequire } from "node:module"

/** Red, green and blue of up to 256 colours. */
export type Palette = ReadonlyArray<readonly [number, number, number]>

interface GifEncoder {
  readonly writeFrame: (
    indices: Uint8Array,
    width: number,
    height: number,
    options: {
      /** Only on the first frame: the palette of all frames. */
      readonly palette?: Palette
      /** In milliseconds. */
      readonly delay: number
      /** 0 plays for ever. */
      readonly repeat: number
    },
  ) => void
  readonly finish: () => void
  readonly bytes: () => Uint8Array
  readonly stream: { readonly writeBytes: (bytes: Uint8Array) => void }
}

/** The part of gifenc that is used; it has no types of its own. */
interface Gifenc {
  readonly GIFEncoder: () => GifEncoder
  readonly quantize: (rgba: Uint8Array, colours: number, options: { readonly format: "rgb565" }) => Palette
}

const require = createRequire(import.meta.url)
const gifenc = require("gifenc") as Gifenc

/** Writes GIF blocks. */
export const GIFEncoder: Gifenc["GIFEncoder"] = gifenc.GIFEncoder
/** Finds the colours that stand for many. */
export const quantize: Gifenc["quantize"] = gifenc.quantize
