import type { VideoSample, VideoSamplePixelFormat } from "mediabunny"
import { orient } from "../image/orient.ts"
import { resizeImage } from "../image/resize-image.ts"
import type { RgbFrame } from "../image/rgb-frame.ts"
import { dropAlpha } from "../image/rgba-frame.ts"
import { requireVideoPixels } from "../require-memory.ts"
import { type ColourSignal, toSdr } from "./to-sdr.ts"
import { type Plane, yuvToRgb, type YuvCoding, type YuvPicture } from "./yuv-to-rgb.ts"

/** The colours that a track says it has, for where its frames do not say. */
export type TrackColours = VideoColorSpaceInit

// 4:2:0, 4:2:2 and 4:4:4, of 8, 10 or 12 bits, with alpha or without, such as I420AP10.
const PLANAR = /^I(420|422|444)(A?)(?:P(10|12))?$/

interface Coded {
  readonly data: Uint8Array<ArrayBuffer>
  readonly layout: ReadonlyArray<PlaneLayout>
}

const copyOf = async (sample: VideoSample, format?: "RGBA"): Promise<Coded> => {
  const options = format === undefined ? {} : { format }
  const data = new Uint8Array(sample.allocationSize(options))
  return { data, layout: await sample.copyTo(data, options) }
}

const planesOf = (format: VideoSamplePixelFormat, { data, layout }: Coded, size: { width: number; height: number }) => {
  if (format === "NV12") {
    const [luma, chroma] = layout as [PlaneLayout, PlaneLayout]
    const columns = Math.ceil(size.width / 2)
    const rows = Math.ceil(size.height / 2)
    const [u, v] = [new Uint8Array(columns * rows), new Uint8Array(columns * rows)]
    for (let i = 0; i < u.length; i++) {
      const at = chroma.offset + Math.floor(i / columns) * chroma.stride + (i % columns) * 2
      u[i] = data[at]!
      v[i] = data[at + 1]!
    }
    const first = { data: data.subarray(luma.offset), stride: luma.stride }
    return {
      depth: 8,
      luma: first,
      u: { data: u, stride: columns },
      v: { data: v, stride: columns },
      shiftX: 1,
      shiftY: 1,
    } as const
  }
  const [, sampling, alpha, bits = "8"] = PLANAR.exec(format) ?? []
  if (sampling === undefined) return undefined
  const depth = Number(bits)
  const planes = layout.map(({ offset, stride }): Plane => {
    if (depth === 8) return { data: data.subarray(offset), stride }
    return { data: new Uint16Array(data.buffer, offset, (data.length - offset) >> 1), stride: stride >> 1 }
  })
  const [luma, u, v, last] = planes as [Plane, Plane, Plane, Plane?]
  return {
    depth,
    luma,
    u,
    v,
    ...(alpha === "A" ? { alpha: last } : {}),
    shiftX: sampling === "444" ? 0 : 1,
    shiftY: sampling === "420" ? 1 : 0,
  } as const
}

const toMatrix = (matrix: string | null | undefined, height: number): YuvCoding["matrix"] => {
  switch (matrix) {
    case "bt709":
      return "bt709"
    case "bt2020-ncl":
      return "bt2020"
    case "bt470bg":
    case "smpte170m":
      return "bt601"
    default:
      // A stream that does not say is read as players do: BT.601 up to 576 lines, BT.709 above.
      return height > 576 ? "bt709" : "bt601"
  }
}

const toSignal = (primaries: string | null | undefined, transfer: string | null | undefined): ColourSignal => ({
  primaries: primaries === "bt2020" ? "bt2020" : primaries === "smpte432" ? "p3" : "bt709",
  transfer: transfer === "pq" || transfer === "hlg" ? transfer : "sdr",
})

const NAMES = { pq: "PQ", hlg: "HLG" } as const

/**
 * Makes a converter of the decoded frames of a track: upright, of square pixels, before black where they are transparent,
 * and in the colours of SDR.
 *
 * @param onHdr called with a sentence when a frame is HDR
 */
export const sampleToRgb = (
  track: TrackColours,
  onHdr: (notice: string) => void,
): ((sample: VideoSample) => Promise<RgbFrame>) => {
  const converters = new Map<string, (picture: YuvPicture) => RgbFrame>()
  const converterFor = ({ colorSpace }: VideoSample, depth: number, height: number) => {
    const matrix = toMatrix(colorSpace.matrix ?? track.matrix, height)
    const fullRange = colorSpace.fullRange ?? track.fullRange ?? false
    const signal = toSignal(colorSpace.primaries ?? track.primaries, colorSpace.transfer ?? track.transfer)
    const key = [matrix, fullRange, depth, signal.primaries, signal.transfer].join()
    const known = converters.get(key)
    if (known !== undefined) return known
    if (signal.transfer !== "sdr")
      onHdr(`Its colours are HDR (${NAMES[signal.transfer]}): they are read as SDR, highlights made darker.`)
    const made = yuvToRgb({ matrix, fullRange }, depth, toSdr(signal))
    converters.set(key, made)
    return made
  }
  const upright = async (sample: VideoSample): Promise<RgbFrame> => {
    const { width, height } = sample.visibleRect
    requireVideoPixels(width, height)
    const planes = sample.format === null ? undefined : planesOf(sample.format, await copyOf(sample), { width, height })
    if (planes !== undefined) return converterFor(sample, planes.depth, height)({ width, height, ...planes })
    // Red, green and blue, or a form that only its decoder knows.
    const { data } = await copyOf(sample, "RGBA")
    return dropAlpha({ width, height, data: new Uint8ClampedArray(data.buffer) })
  }
  return async (sample) => {
    const { squarePixelWidth, squarePixelHeight, rotation, flip } = sample
    const square = resizeImage(await upright(sample), squarePixelWidth, squarePixelHeight)
    const turned = orient(square, { 0: 1, 90: 6, 180: 3, 270: 8 }[rotation])
    return flip ? orient(turned, 2) : turned
  }
}
