import { createRequire } from "node:module"
import { MediaError } from "@auteur/core"
import type { H264MP4Encoder } from "h264-mp4-encoder"
import { findBox } from "./box.ts"

/** The settings of an encoder: even sizes, and the quantizer from 10 (finest) to 51 (coarsest). */
export interface H264Options {
  readonly width: number
  readonly height: number
  readonly quantizer: number
  /** Frames from one key frame to the next. */
  readonly keyFrameInterval: number
}

/** The coded stream: NAL units without start codes, one a frame. */
export interface H264Units {
  readonly sps: Uint8Array
  readonly pps: Uint8Array
  readonly frames: ReadonlyArray<Uint8Array>
}

/** Codes YUV 4:2:0 frames with H.264; `finish` and `dispose` free its memory. */
export interface H264Encoder {
  readonly add: (yuv: Uint8Array) => void
  readonly finish: () => H264Units
  readonly dispose: () => void
}

const require = createRequire(import.meta.url)
const HANDLED = ["uncaughtException", "unhandledRejection"] as const

/**
 * Loads the WebAssembly encoder, the first time that one is wanted.
 *
 * Its start-up code takes over the process's handling of uncaught errors; what it hooked is unhooked again.
 */
const loadEncoder = (): Promise<H264MP4Encoder> => {
  const before = HANDLED.map((event) => new Set(process.rawListeners(event)))
  const module = require("h264-mp4-encoder") as typeof import("h264-mp4-encoder")
  HANDLED.forEach((event, i) => {
    for (const listener of process.rawListeners(event)) {
      if (!before[i]!.has(listener)) process.removeListener(event, listener as () => void)
    }
  })
  return module.createH264MP4Encoder()
}

// From 0 (longest search) to 10; 2 takes half the time of 0 for the same picture and file size.
const SPEED = 2

// The encoders of a process share one in-memory file system.
let files = 0

// The encoder packs a plain MP4 of its own; only its parameter sets and its frames are taken from it.
const takeUnits = (mp4: Uint8Array): H264Units => {
  const configuration = findBox(mp4, ["moov", "trak", "mdia", "minf", "stbl", "stsd", "avc1", "avcC"])
  const data = findBox(mp4, ["mdat"])
  if (configuration === undefined || data === undefined) {
    throw new MediaError({ message: "The H.264 encoder gave a file without frames." })
  }
  const lengthAt = (bytes: Uint8Array, at: number): number => (bytes[at]! << 8) | bytes[at + 1]!
  const spsLength = lengthAt(configuration, 6)
  const ppsLength = lengthAt(configuration, 9 + spsLength)
  const frames: Array<Uint8Array> = []
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength)
  for (let at = 0; at + 4 <= data.length;) {
    const length = view.getUint32(at)
    frames.push(data.subarray(at + 4, at + 4 + length))
    at += 4 + length
  }
  return {
    sps: configuration.subarray(8, 8 + spsLength),
    pps: configuration.subarray(11 + spsLength, 11 + spsLength + ppsLength),
    frames,
  }
}

/** Starts an H.264 encoder (constrained Baseline, WebAssembly: the same on every machine). */
export const openH264Encoder = async (options: H264Options): Promise<H264Encoder> => {
  const encoder = await loadEncoder()
  const path = `${files++}.mp4`
  encoder.outputFilename = path
  encoder.width = options.width
  encoder.height = options.height
  encoder.quantizationParameter = options.quantizer
  encoder.groupOfPictures = options.keyFrameInterval
  encoder.speed = SPEED
  encoder.initialize()
  let open = true

  const close = <A>(read: () => A): A => {
    open = false
    // Deleting an encoder that has not been finalized aborts the shared WebAssembly module.
    encoder.finalize()
    try {
      return read()
    } finally {
      encoder.FS.unlink(path)
      encoder.delete()
    }
  }

  return {
    add: (yuv) => {
      try {
        encoder.addFrameYuv(yuv)
      } catch (cause) {
        open = false // an aborted module answers nothing more
        throw new MediaError({
          message: `The H.264 encoder failed on a frame of ${options.width}×${options.height} (${String(cause)}): try a smaller size.`,
        })
      }
    },
    finish: () => close(() => takeUnits(encoder.FS.readFile(path))),
    dispose: () => {
      if (open) close(() => undefined)
    },
  }
}
