import { setImmediate } from "node:timers/promises"
import { MediaError } from "@auteur/core"
import type { Coder, CoderOptions } from "../coder.ts"
import { checkOptions, type FrameSpec } from "../frame-writer.ts"
import { toDurations } from "../frame-times.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"
import { METADATA_KEY, toAscii } from "../metadata.ts"
import { requireMemory } from "../require-memory.ts"
import { indexer, toPalette } from "./gif-palette.ts"
import { GIFEncoder } from "./gifenc.ts"

/** GIF counts in hundredths of a second. */
export const GIF_TICKS = 100

const LARGEST_RATE = 50 // players slow down what lasts less than two hundredths

/**
 * Refuses settings that a GIF file cannot hold.
 *
 * @throws MediaError
 */
export const checkGif = (options: FrameSpec): void => {
  checkOptions(options)
  if (options.fps <= LARGEST_RATE) return
  throw new MediaError({
    message: `A GIF plays at most ${LARGEST_RATE} frames a second, and the video's fps is ${options.fps}: lower it, or write .webp or .mp4.`,
  })
}

/** A comment block: `auteur:` and the JSON. Source: GIF89a specification §24. */
const comment = (note: string): Uint8Array => {
  const text = new TextEncoder().encode(`${METADATA_KEY}:${toAscii(note)}`)
  const blocks = Array.from({ length: Math.ceil(text.length / 255) }, (_, i) => text.subarray(i * 255, i * 255 + 255))
  return Uint8Array.from([0x21, 0xfe, ...blocks.flatMap((block) => [block.length, ...block]), 0])
}

/** Codes frames into a GIF that plays for ever, all of one palette; they are kept until the palette is known. */
export const openGifCoder = async ({ width, height, fps, note }: CoderOptions): Promise<Coder> => {
  const frames: Array<RgbFrame> = []
  return {
    add: (frame) => {
      requireMemory((frames.length + 1) * frame.data.length, "A GIF with so many frames")
      frames.push({ ...frame, data: frame.data.slice() })
    },
    finish: async () => {
      const encoder = GIFEncoder()
      const palette = toPalette(frames)
      const toIndices = indexer(palette)
      const durations = toDurations(frames.length, fps, GIF_TICKS)
      for (const [i, frame] of frames.entries()) {
        encoder.writeFrame(toIndices(frame), width, height, {
          ...(i === 0 && { palette }),
          delay: durations[i]! * 10,
          repeat: 0,
        })
        await setImmediate()
      }
      if (note !== undefined) encoder.stream.writeBytes(comment(note))
      encoder.finish()
      return encoder.bytes()
    },
    dispose: () => {
      frames.length = 0
    },
  }
}
