import { MediaError } from "@auteur/core"
import { signalColours } from "./colour-signal.ts"
import { openCoder } from "../coder-thread.ts"
import {
  checkOptions,
  type Coder,
  type CoderOptions,
  type FramePlan,
  type FrameWriter,
  type FrameWriterOptions,
  frameWriter,
} from "../frame-writer.ts"
import { openH264Encoder } from "./h264-encoder.ts"
import { toMp4 } from "./mp4-file.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"
import { toYuv420 } from "./yuv.ts"

/**
 * Refuses settings that an MP4 file cannot hold.
 *
 * @throws MediaError
 */
export const checkMp4 = (options: FramePlan): void => {
  checkOptions(options)
  const { width = 2, height = 2, upscale = 1 } = options
  const [fullWidth, fullHeight] = [width * upscale, height * upscale]
  if (fullWidth % 2 === 0 && fullHeight % 2 === 0) return
  const even = (size: number): number => size + (size % 2)
  const smaller = `${Math.max(2, fullWidth - (fullWidth % 2))}×${Math.max(2, fullHeight - (fullHeight % 2))}`
  throw new MediaError({
    message: `A video of ${fullWidth}×${fullHeight} cannot be written: H.264 needs an even width and height. The nearest even sizes are ${smaller} and ${even(fullWidth)}×${even(fullHeight)}.`,
  })
}

// Quality 1…100 over the quantizer's 51…10.
const toQuantizer = (quality: number): number => Math.round(51 - (quality / 100) * 41)

/** Codes frames into an MP4 file. */
export const openMp4Coder = async ({ width, height, fps, quality, note }: CoderOptions): Promise<Coder> => {
  const encoder = await openH264Encoder({
    width,
    height,
    quantizer: toQuantizer(quality),
    keyFrameInterval: Math.max(1, Math.round(2 * fps)),
  })
  return {
    add: (frame) => encoder.add(toYuv420(frame)),
    finish: () => {
      const { sps, pps, frames } = encoder.finish()
      return toMp4({ width, height, fps, sps: signalColours(sps), pps, frames, note })
    },
    dispose: encoder.dispose,
  }
}

/**
 * Opens an MP4 file (H.264, 4:2:0, no audio) that takes frames one by one.
 *
 * Equal frames and options give equal bytes. Frames are coded in the order of the calls.
 *
 * @throws MediaError for sizes that H.264 cannot hold and options out of range; `write` rejects with it for a frame of
 *   another size, and `end` when no frame came
 */
export const mp4Writer = (options: FrameWriterOptions): FrameWriter => {
  checkMp4(options)
  return frameWriter(options, openCoder("mp4", openMp4Coder))
}

/**
 * Writes frames as an MP4 file (H.264, 4:2:0, no audio) in memory.
 *
 * @example
 * const red = { width: 16, height: 16, data: new Uint8Array(16 * 16 * 3).map((_, i) => (i % 3 === 0 ? 255 : 0)) }
 * const bytes = await encodeMp4([red, red], { width: 16, height: 16, fps: 8 })
 *
 * @throws MediaError as `mp4Writer` does
 */
export const encodeMp4 = async (
  frames: AsyncIterable<RgbFrame> | Iterable<RgbFrame>,
  options: FrameWriterOptions,
): Promise<Uint8Array> => {
  const writer = mp4Writer(options)
  try {
    for await (const frame of frames) await writer.write(frame)
    return await writer.end()
  } finally {
    writer.dispose()
  }
}
