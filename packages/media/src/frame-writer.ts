import { setImmediate } from "node:timers/promises"
import { MediaError, type VideoMetadata } from "@auteur/core"
import type { Coder, CoderOptions } from "./coder.ts"
import { enlarge } from "./image/enlarge.ts"
import { checkFrame, type RgbFrame } from "./image/rgb-frame.ts"
import { toJson } from "./metadata.ts"

/** The size of the frames that will come, and how to write them. */
export interface FrameWriterOptions {
  readonly width: number
  readonly height: number
  /** Frames per second, 1 to 240; fractions such as 23.976 are kept to a thousandth. */
  readonly fps: number
  /** 1 (smallest file) to 100 (finest picture); 80 when left out. */
  readonly quality?: number
  /** Enlarges each frame 1 to 16 times; 1 when left out. */
  readonly upscale?: number
  /** Texts to keep in the file. */
  readonly metadata?: VideoMetadata
}

/** A video to write whose size may not be known yet. */
export type FrameSpec = Omit<FrameWriterOptions, "width" | "height"> & Partial<FrameWriterOptions>

/** Takes frames one by one; await each `write` to keep memory low. */
export interface FrameWriter {
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

/**
 * Refuses settings that no kind of file can hold; a size that is not known yet is left out.
 *
 * @throws MediaError
 */
export const checkOptions = (options: FrameSpec): void => {
  const { fps, quality = 80, upscale = 1, width = 1, height = 1 } = options
  requireRange("fps", fps, 1, 240, false)
  requireRange("quality", quality, 1, 100, false)
  requireRange("upscale", upscale, 1, 16, true)
  requireRange("width", width, 1, LARGEST_SIDE, true)
  requireRange("height", height, 1, LARGEST_SIDE, true)
  const [fullWidth, fullHeight] = [width * upscale, height * upscale]
  if (fullWidth > LARGEST_SIDE || fullHeight > LARGEST_SIDE) {
    throw new MediaError({
      message: `A video of ${width}×${height} enlarged ${upscale} times is ${fullWidth}×${fullHeight}; the largest side is ${LARGEST_SIDE}: lower upscale.`,
    })
  }
  toJson(options.metadata)
}

/**
 * Feeds an encoder with frames that are checked and enlarged, one after another; it is opened at the first.
 *
 * `write` rejects with a MediaError for a frame of another size, and `end` when no frame came.
 */
export const feedCoder = (
  { width, height, fps, quality = 80, upscale = 1, metadata }: FrameWriterOptions,
  openCoder: (options: CoderOptions) => Promise<Coder>,
): FrameWriter => {
  const note = toJson(metadata)
  let opening: Promise<Coder> | undefined
  let last: Promise<unknown> = Promise.resolve()
  let state: "open" | "ended" | "disposed" = "open"
  let written = 0

  const requireOpen = (): void => {
    if (state !== "open")
      throw new MediaError({ message: `This video was ${state}: open a new writer for more frames.` })
  }

  // Frames are coded in the order of the calls, whether or not anybody waits.
  const inTurn = <A>(work: () => Promise<A>): Promise<A> => {
    const turn = last.then(work)
    last = turn.catch(() => undefined)
    return turn
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
      opening ??= openCoder({ width: width * upscale, height: height * upscale, fps, quality, note })
      const coder = await opening
      await inTurn(async () => {
        requireOpen()
        await coder.add(enlarge(frame, upscale))
        // Coding is synchronous: let others have a turn between two frames.
        await setImmediate()
      })
    },
    end: async () => {
      requireOpen()
      if (opening === undefined) {
        throw new MediaError({ message: "A video needs at least one frame, and none was written." })
      }
      const coder = await opening
      return await inTurn(async () => {
        requireOpen()
        state = "ended"
        return await coder.finish()
      })
    },
    dispose: () => {
      if (state !== "open") return
      state = "disposed"
      // When the encoder does not open, `write` tells why.
      opening?.then(
        (coder) => inTurn(async () => coder.dispose()),
        () => undefined,
      )
    },
  }
}
