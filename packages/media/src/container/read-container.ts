import { MediaError } from "@auteur/core"
import {
  ALL_FORMATS,
  BlobSource,
  BufferSource,
  FilePathSource,
  Input,
  type InputVideoTrack,
  Logging,
  LogLevel,
  registerDecoder,
  type VideoSample,
  VideoSampleSink,
} from "mediabunny"
import { BaselineDecoder } from "../mp4/baseline-decoder.ts"
import type { OpenedSource } from "../media-source.ts"
import { METADATA_KEY } from "../metadata.ts"
import { givingUp, requireDecoder } from "./native-codecs.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { orient } from "../image/orient.ts"
import { requirePixels } from "../require-memory.ts"
import { resizeImage } from "../image/resize-image.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"
import { checkSampleCounts } from "../mp4/sample-counts.ts"

registerDecoder(BaselineDecoder)

// What it would print, it throws as well.
Logging.level = LogLevel.Silent

const toFrame = async (sample: VideoSample): Promise<RgbFrame> => {
  try {
    const { width, height } = sample.visibleRect
    requirePixels(width, height)
    const rgbx = new Uint8Array(sample.allocationSize({ format: "RGBX" }))
    const [layout] = await sample.copyTo(rgbx, { format: "RGBX" })
    const data = new Uint8Array(width * height * 3)
    for (let y = 0, p = 0; y < height; y++) {
      let q = layout!.offset + y * layout!.stride
      for (let x = 0; x < width; x++, p += 3, q += 4) {
        data[p] = rgbx[q]!
        data[p + 1] = rgbx[q + 1]!
        data[p + 2] = rgbx[q + 2]!
      }
    }
    const { squarePixelWidth, squarePixelHeight, rotation, flip } = sample
    const square = resizeImage({ width, height, data }, squarePixelWidth, squarePixelHeight)
    const upright = orient(square, { 0: 1, 90: 6, 180: 3, 270: 8 }[rotation])
    return flip ? orient(upright, 2) : upright
  } finally {
    sample.close()
  }
}

async function* framesOf(track: InputVideoTrack, expected: number): AsyncGenerator<RgbFrame> {
  await requireDecoder(track)
  const samples = new VideoSampleSink(track).samples()
  let decoded = 0
  try {
    for await (const sample of givingUp(samples)) {
      decoded++
      // An edit list may start a video later than its first frame.
      if (sample.timestamp + sample.duration <= 0) sample.close()
      else yield await toFrame(sample)
    }
  } finally {
    await samples.return()
  }
  if (decoded < expected) throw new Error(`it has ${decoded} of its ${expected} frames`)
}

// Matroska rounds times to thousandths of a second: what is as near to a whole rate as that is meant to be it.
const toCleanRate = (fps: number): number | undefined => {
  if (!Number.isFinite(fps) || fps <= 0) return undefined
  return Math.abs(fps - Math.round(fps)) < 0.01 ? Math.max(1, Math.round(fps)) : fps
}

/**
 * Opens a video in a container: MP4, MOV, WebM, Matroska and what else mediabunny knows.
 *
 * @throws MediaError for a file without video and for a codec that is not there; other errors for damage
 */
export const openContainer = async ({ origin, readAt }: OpenedSource): Promise<OpenedVideo> => {
  await checkSampleCounts(readAt)
  const source =
    typeof origin === "string"
      ? new FilePathSource(origin)
      : origin instanceof Blob
        ? new BlobSource(origin)
        : new BufferSource(origin)
  const input = new Input({ source, formats: ALL_FORMATS })
  try {
    if (!(await input.canRead())) {
      throw new MediaError({
        message: "This is no video that is known: name an MP4, WebM, GIF or WebP file, or a folder of PNG frames.",
      })
    }
    const track = await input.getPrimaryVideoTrack()
    if (track === null) {
      throw new MediaError({ message: "It has no video in it, or is cut off: name a file that has." })
    }
    const note = (await input.getMetadataTags()).raw?.[METADATA_KEY]
    const { packetCount, averagePacketRate } = await track.computePacketStats()
    return {
      fps: toCleanRate(averagePacketRate),
      note: typeof note === "string" ? note : undefined,
      notices: [],
      frames: () => framesOf(track, packetCount),
      close: () => input.dispose(),
    }
  } catch (cause) {
    input.dispose()
    throw cause
  }
}
