import { readFile } from "node:fs/promises"
import { createRequire } from "node:module"
import decode, { init as initDecoder } from "@jsquash/webp/decode.js"
import encode, { init as initEncoder } from "@jsquash/webp/encode.js"
import type { RgbFrame } from "../image/rgb-frame.ts"
import type { RgbaFrame } from "../image/rgba-frame.ts"

const require = createRequire(import.meta.url)

const compile = async (file: string): Promise<WebAssembly.Module> =>
  WebAssembly.compile(await readFile(require.resolve(`@jsquash/webp/codec/${file}`)))

let encoder: Promise<unknown> | undefined
let decoder: Promise<unknown> | undefined

/** Codes one frame as a still WebP file; quality 1…100. */
export const encodeStillWebp = async ({ width, height, data }: RgbFrame, quality: number): Promise<Uint8Array> => {
  await (encoder ??= compile("enc/webp_enc_simd.wasm").then((module) => initEncoder(module)))
  const rgba = new Uint8ClampedArray(width * height * 4).fill(255)
  for (let p = 0, q = 0; p < data.length; p += 3, q += 4) {
    rgba[q] = data[p]!
    rgba[q + 1] = data[p + 1]!
    rgba[q + 2] = data[p + 2]!
  }
  return new Uint8Array(await encode({ width, height, data: rgba } as unknown as ImageData, { quality }))
}

/**
 * Reads a still WebP file.
 *
 * @throws when it is damaged
 */
export const decodeWebp = async (bytes: Uint8Array): Promise<RgbaFrame> => {
  await (decoder ??= compile("dec/webp_dec.wasm").then((module) => initDecoder(module)))
  return await decode(bytes.slice().buffer)
}
