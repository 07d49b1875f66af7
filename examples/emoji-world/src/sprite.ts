import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import decode, { init } from "@jsquash/webp/decode.js"
import { croppedSquare, type Raster } from "./raster.ts"
import { resized } from "./resample.ts"

/** Pixels of a sprite's side. */
export const spriteSize = 128

const require = createRequire(import.meta.url)
const sprites = new Map<string, Promise<Raster>>()
let decoder: Promise<unknown> | undefined

/** The sprite of an emoji, by its code point: a square of 128 × 128 RGBA pixels. */
export const loadSprite = (code: string): Promise<Raster> => {
  const loading = sprites.get(code) ?? readSprite(code)
  sprites.set(code, loading)
  return loading
}

const readSprite = async (code: string): Promise<Raster> => {
  await (decoder ??= readFile(require.resolve("@jsquash/webp/codec/dec/webp_dec.wasm"))
    .then((bytes) => WebAssembly.compile(bytes))
    .then((module) => init(module)))
  const bytes = await readFile(new URL(`../sprites/${code}.webp`, import.meta.url))
  const { width, height, data } = await decode(bytes.slice().buffer)
  return resized(croppedSquare({ width, height, channels: 4, data: Uint8ClampedArray.from(data) }), spriteSize)
}
