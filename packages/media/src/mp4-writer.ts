import { setImmediate } from "node:timers/promises"
import { MediaError } from "@auteur/core"
import { signalColours } from "./colour-signal.ts"
import { enlarge } from "./enlarge.ts"
import { type H264Encoder, openH264Encoder } from "./h264-encoder.ts"
import { toMp4 } from "./mp4-file.ts"
import { checkFrame, type RgbFrame } from "./rgb-frame.ts"
import { toYuv420 } from "./yuv.ts"

/** The size of the frames that will come, and how to write them. */
export interface Mp4Options {
  readonly width: number
  readonly height: number
  /** Frames a second, 1 to 240; fractions such as 23.976 are kept to a thousandth. */
  readonly fps: number
  /** 1 (smallest file) to 100 (finest picture); 80 when left out. */
  readonly quality?: number
  /** Enlarges each frame 1 to 16 times; 1 when left out. */
  readonly scale?: number
}

/** Takes frames one by one; await each `write` to keep memory low. */
export interface Mp4Writer {
  /** Codes one frame. */
  readonly write: (frame: RgbFrame) => Promise<void>
  /** Gives the finished file and frees the encoder. */
  readonly end: () => Promise<Uint8Array>
  /** Frees the encoder of a file that is not wanted any more; harmless after `end`. */
  readonly dispose: () => void
}

const LARGEST_SIDE = 4096

const requireRange = (name: string, value: number, low: number, high: number, integer: boolean): void => {
  if (value >= low && value <= high && (!integer || Number.isInteger(value))) return
  throw new MediaError({
    message: `The video's ${name} is ${value}; it must be ${integer ? "an integer" : "a number"} from ${low} to ${high}.`,
  })
}

const checkOptions = ({ width, height, fps, quality = 80, scale = 1 }: Mp4Options): void => {
  requireRange("fps", fps, 1, 240, false)
  requireRange("quality", quality, 1, 100, false)
  requireRange("scale", scale, 1, 16, true)
  requireRange("width", width, 1, LARGEST_SIDE, true)
  requireRange("height", height, 1, LARGEST_SIDE, true)
  const [fullWidth, fullHeight] = [width * scale, height * scale]
  if (fullWidth > LARGEST_SIDE || fullHeight > LARGEST_SIDE) {
    throw new MediaError({
      message: `A video of ${width}×${height} enlarged ${scale} times is ${fullWidth}×${fullHeight}; the largest side is ${LARGEST_SIDE}: lower the scale.`,
    })
  }
  if (fullWidth % 2 === 0 && fullHeight % 2 === 0) return
  const even = (size: number): number => size + (size % 2)
  const smaller = `${Math.max(2, fullWidth - (fullWidth % 2))}×${Math.max(2, fullHeight - (fullHeight % 2))}`
  throw new MediaError({
    message: `A video of ${fullWidth}×${fullHeight} cannot be written: H.264 needs an even width and height. The nearest even sizes are ${smaller} and ${even(fullWidth)}×${even(fullHeight)}.`,
  })
}

// Quality 1…100 over the quantizer's 51…10.
const toQuantizer = (quality: number): number => Math.round(51 - (quality / 100) * 41)

/**
 * Opens an MP4 file (H.264, 4:2:0, no audio) that takes frames one by one.
 *
 * Equal frames and options give equal bytes. Frames are coded in the order of the calls.
 *
 * @throws MediaError for sizes that H.264 cannot hold and options out of range; `write` rejects with it for a frame of
 *   another size, and `end` when no frame came
 */
export const mp4Writer = (options: Mp4Options): Mp4Writer => {
  checkOptions(options)
  const { width, height, fps, quality = 80, scale = 1 } = options
  const size = { width: width * scale, height: height * scale }
  let opening: Promise<H264Encoder> | undefined
  let state: "open" | "ended" | "disposed" = "open"
  let written = 0

  const open = (): Promise<H264Encoder> =>
    openH264Encoder({
      ...size,
      quantizer: toQuantizer(quality),
      keyFrameInterval: Math.max(1, Math.round(2 * fps)),
    })

  const requireOpen = (): void => {
    if (state !== "open")
      throw new MediaError({ message: `This video was ${state}: open a new writer for more frames.` })
  }

  return {
    write: async (frame) => {
      requireOpen()
      const number = ++written
      checkFrame(frame, `Frame ${number}`)
      if (frame.width !== width || frame.height !== height) {
        throw new MediaError({
          message: `Frame ${number} is ${frame.width}×${frame.height}, but the video was opened with ${width}×${height}: give every frame the same size.`,
        })
      }
      opening ??= open()
      const opened = await opening
      requireOpen()
      opened.add(toYuv420(enlarge(frame, scale)))
      // Coding is synchronous: let others have a turn between two frames.
      await setImmediate()
    },
    end: async () => {
      requireOpen()
      if (opening === undefined) {
        throw new MediaError({ message: "A video needs at least one frame, and none was written." })
      }
      const opened = await opening
      requireOpen()
      state = "ended"
      const { sps, pps, frames } = opened.finish()
      return toMp4({ ...size, fps, sps: signalColours(sps), pps, frames })
    },
    dispose: () => {
      if (state !== "open") return
      state = "disposed"
      // When the encoder does not open, `write` tells why.
      opening?.then(
        (opened) => opened.dispose(),
        () => undefined,
      )
    },
  }
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
  options: Mp4Options,
): Promise<Uint8Array> => {
  const writer = mp4Writer(options)
  try {
    for await (const frame of frames) await writer.write(frame)
    return await writer.end()
  } finally {
    writer.dispose()
  }
}
