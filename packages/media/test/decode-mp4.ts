import { H264Decoder } from "h264decoder"
import { findBox } from "../src/mp4/box.ts"
import type { RgbFrame } from "../src/image/rgb-frame.ts"

const TABLE = ["moov", "trak", "mdia", "minf", "stbl"]

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** The content of a box that the test needs. */
export const requireBox = (mp4: Uint8Array, path: ReadonlyArray<string>): DataView => {
  const found = findBox(mp4, path)
  if (found === undefined) throw new Error(`no box ${path.join(".")}`)
  return viewOf(found)
}

/** The samples of the track, found through its index as a player does. */
export const readSamples = (mp4: Uint8Array): ReadonlyArray<Uint8Array> => {
  const sizes = requireBox(mp4, [...TABLE, "stsz"])
  let at = requireBox(mp4, [...TABLE, "stco"]).getUint32(8)
  return Array.from({ length: sizes.getUint32(8) }, (_, i) => {
    const size = sizes.getUint32(12 + i * 4)
    at += size
    return mp4.subarray(at - size, at)
  })
}

const toRgb = (yuv: Uint8Array, stride: number, rows: number, width: number, height: number): RgbFrame => {
  const data = new Uint8ClampedArray(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const chroma = (y >> 1) * (stride / 2) + (x >> 1)
      const luma = ((yuv[y * stride + x]! - 16) * 255) / 219
      const u = ((yuv[stride * rows + chroma]! - 128) * 255) / 224
      const v = ((yuv[(stride * rows * 5) / 4 + chroma]! - 128) * 255) / 224
      const p = (y * width + x) * 3
      data[p] = luma + 1.402 * v
      data[p + 1] = luma - 0.344136 * u - 0.714136 * v
      data[p + 2] = luma + 1.772 * u
    }
  }
  return { width, height, data: new Uint8Array(data.buffer) }
}

/** Decodes every frame of an MP4 file with an H.264 decoder that shares no code with the encoder. */
export const decodeMp4 = (mp4: Uint8Array): ReadonlyArray<RgbFrame> => {
  const configuration = requireBox(mp4, [...TABLE, "stsd", "avc1", "avcC"])
  const bytes = new Uint8Array(configuration.buffer, configuration.byteOffset, configuration.byteLength)
  const spsLength = configuration.getUint16(6)
  const ppsLength = configuration.getUint16(9 + spsLength)
  const sps = bytes.subarray(8, 8 + spsLength)
  const pps = bytes.subarray(11 + spsLength, 11 + spsLength + ppsLength)
  const header = requireBox(mp4, ["moov", "trak", "tkhd"])
  const [width, height] = [header.getUint32(76) >> 16, header.getUint32(80) >> 16]
  const decoder = new H264Decoder()
  const frames: Array<RgbFrame> = []
  const decode = (nal: Uint8Array): number => {
    const unit = new Uint8Array(nal.length + 4)
    unit[3] = 1 // a start code
    unit.set(nal, 4)
    return decoder.decode(unit)
  }
  decode(sps)
  decode(pps)
  for (const sample of readSamples(mp4)) {
    const state = decode(sample.subarray(4))
    if (state !== H264Decoder.PIC_RDY) throw new Error(`the decoder answered ${state} to frame ${frames.length + 1}`)
    frames.push(toRgb(decoder.pic, decoder.width, decoder.height, width, height))
  }
  return frames
}
