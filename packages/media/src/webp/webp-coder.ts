import type { Coder, CoderOptions } from "../coder.ts"
import { toDurations } from "../frame-times.ts"
import { encodeStillWebp } from "./webp-codec.ts"
import { FLAGS, header, little, readChunks, toChunk, toWebp } from "./webp-file.ts"
import { toXmp } from "./xmp.ts"

/** WebP counts in thousandths of a second. */
export const WEBP_TICKS = 1000

const REPLACES_ALL = 0x02 // no blending with the frame before

/** Codes frames into an animated WebP that plays for ever. */
export const openWebpCoder = async ({ width, height, fps, quality, note }: CoderOptions): Promise<Coder> => {
  const pictures: Array<Uint8Array> = []
  return {
    add: async (frame) => {
      // The picture's own chunk, without the still file around it.
      const still = await encodeStillWebp(frame, quality)
      const { chunks } = readChunks(still.subarray(12))
      pictures.push(...chunks.filter(({ name }) => name === "VP8 ").map(({ name, content }) => toChunk(name, content)))
    },
    finish: () => {
      const durations = toDurations(pictures.length, fps, WEBP_TICKS)
      const place = [little(0, 6), little(width - 1, 3), little(height - 1, 3)]
      const frames = pictures.map((picture, i) =>
        toChunk("ANMF", ...place, little(durations[i]!, 3), little(REPLACES_ALL, 1), picture),
      )
      return toWebp(
        header(FLAGS.animation | (note === undefined ? 0 : FLAGS.xmp), width, height),
        toChunk("ANIM", little(0, 4), little(0, 2)), // no background, for ever
        ...frames,
        ...(note === undefined ? [] : [toChunk("XMP ", toXmp(note))]),
      )
    },
    dispose: () => {
      pictures.length = 0
    },
  }
}
