import { H264Decoder } from "h264decoder"
import { CustomVideoDecoder, type EncodedPacket, VideoSample } from "mediabunny"
import { concatBytes } from "../mp4/box.ts"

const BASELINE = "42" // profile_idc 66, as a codec string such as avc1.42c01e has it
const LARGEST_UNIT = 1024 * 1024 // the decoder's buffer, which it does not guard

const START_CODE = Uint8Array.of(0, 0, 0, 1)

const bytesOf = (source: AllowSharedBufferSource): Uint8Array =>
  ArrayBuffer.isView(source)
    ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength)
    : new Uint8Array(source)

/** Splits a sample into its NAL units, each of which follows its length. Source: ISO/IEC 14496-15 §5.3. */
const unitsByLength = function* (bytes: Uint8Array, lengthSize: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length;) {
    let length = 0
    for (let i = 0; i < lengthSize; i++) length = length * 256 + (bytes[at++] ?? 0)
    if (at + length > bytes.length) throw new Error("a frame is cut off")
    yield bytes.subarray(at, at + length)
    at += length
  }
}

/** Splits a stream, such as MPEG-TS has it, into its NAL units, each of which follows a start code. Source: H.264 annex B. */
const unitsByStartCode = function* (bytes: Uint8Array): Generator<Uint8Array> {
  let start = -1
  for (let at = bytes.indexOf(1, 2); at >= 0; at = bytes.indexOf(1, at + 1)) {
    if (bytes[at - 1] !== 0 || bytes[at - 2] !== 0) continue
    if (start >= 0) yield bytes.subarray(start, at - 2)
    start = at + 1
  }
  if (start >= 0) yield bytes.subarray(start)
}

/** The parameter sets in a decoder configuration record (ISO/IEC 14496-15 §5.3.3). */
const parameterSets = function* (record: Uint8Array): Generator<Uint8Array> {
  let at = 5
  for (const mask of [31, 255]) {
    const count = (record[at++] ?? 0) & mask
    for (let i = 0; i < count; i++) {
      const length = ((record[at] ?? 0) << 8) | (record[at + 1] ?? 0)
      at += 2
      if (at + length > record.length) throw new Error("its decoder settings are cut off")
      yield record.subarray(at, at + length)
      at += length
    }
  }
}

// nal_unit_type (ITU-T H.264 table 7-1): slices and parameter sets; the decoder stumbles over others.
const NEEDED: ReadonlySet<number> = new Set([1, 5, 7, 8])
const typeOf = (unit: Uint8Array): number => (unit[0] ?? 0) & 31
const isSlice = (unit: Uint8Array): boolean => typeOf(unit) <= 5

/** Decodes units of one kind; the decoder's reply tells only of slices. */
const feed = (decoder: H264Decoder, units: ReadonlyArray<Uint8Array>): number => {
  const bytes = concatBytes(units.flatMap((unit) => [START_CODE, unit]))
  if (bytes.length > LARGEST_UNIT) throw new Error("a frame has more than 1 MiB")
  return decoder.decode(bytes)
}

/** Decodes H.264 in the Baseline profile, which is what this package writes, in WebAssembly. */
export class BaselineDecoder extends CustomVideoDecoder {
  private decoder: H264Decoder | undefined
  /** Bytes of a unit's length; undefined where units follow start codes. */
  private lengthSize: number | undefined
  private readonly times: Array<{ readonly timestamp: number; readonly duration: number }> = []

  static override supports(codec: string, config: VideoDecoderConfig): boolean {
    return codec === "avc" && config.codec.slice(5, 7) === BASELINE
  }

  init(): void {
    this.decoder = new H264Decoder()
    if (this.config.description === undefined) return
    const record = bytesOf(this.config.description)
    this.lengthSize = ((record[4] ?? 3) & 3) + 1
    this.reporting((decoder) => {
      for (const unit of parameterSets(record)) feed(decoder, [unit])
    })
  }

  decode({ data, timestamp, duration }: EncodedPacket): void {
    this.times.push({ timestamp, duration })
    this.times.sort((a, b) => a.timestamp - b.timestamp)
    this.reporting((decoder) => {
      const all = this.lengthSize === undefined ? unitsByStartCode(data) : unitsByLength(data, this.lengthSize)
      const needed = [...all].filter((unit) => NEEDED.has(typeOf(unit)))
      // The slices of a picture are decoded together.
      const [slices, others] = [needed.filter(isSlice), needed.filter((unit) => !isSlice(unit))]
      for (const unit of others) feed(decoder, [unit])
      if (slices.length === 0) return
      if (feed(decoder, slices) !== H264Decoder.PIC_RDY) throw new Error("a frame cannot be decoded")
      this.emit(decoder)
    })
  }

  flush(): void {}

  close(): void {
    this.decoder = undefined
  }

  /** After a failure nothing is decoded any more. What is thrown here instead would end the process. */
  private reporting(work: (decoder: H264Decoder) => void): void {
    if (this.decoder === undefined) return
    try {
      work(this.decoder)
    } catch (cause) {
      this.decoder = undefined
      this.onError(cause)
    }
  }

  private emit({ pic, width: stride, height: rows }: H264Decoder): void {
    const time = this.times.shift()
    if (time === undefined) return
    const { codedWidth = stride, codedHeight = rows, colorSpace } = this.config
    const { displayAspectWidth = codedWidth, displayAspectHeight = codedHeight } = this.config
    const wideness = (displayAspectWidth * codedHeight) / (displayAspectHeight * codedWidth)
    if (codedWidth > stride || codedHeight > rows) throw new Error("its frames are smaller than it says")
    const luma = stride * rows
    this.onSample(
      // The decoder reuses its memory for the next picture; a sample copies what it is given.
      new VideoSample(pic, {
        ...time,
        format: "I420",
        codedWidth,
        codedHeight,
        displayWidth: Math.round(codedWidth * Math.max(wideness, 1)),
        displayHeight: Math.round(codedHeight / Math.min(wideness, 1)),
        layout: [
          { offset: 0, stride },
          { offset: luma, stride: stride / 2 },
          { offset: luma * 1.25, stride: stride / 2 },
        ],
        colorSpace: colorSpace ?? {}, // what it does not say is not BT.709
      }),
    )
  }
}
