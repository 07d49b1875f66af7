import { MediaError } from "@auteur/core"
import type { Coder, CoderOptions } from "../coder.ts"
import { checkOptions, type FrameSpec } from "../frame-writer.ts"
import { signalColours } from "./colour-signal.ts"
import { openH264Encoder } from "./h264-encoder.ts"
import { toMp4 } from "./mp4-file.ts"
import { toYuv420 } from "./rgb-to-yuv.ts"

/**
 * Refuses settings that an MP4 file cannot hold.
 *
 * @throws MediaError
 */
export const checkMp4 = (options: FrameSpec): void => {
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
