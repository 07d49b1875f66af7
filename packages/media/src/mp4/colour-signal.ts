/**
 * How the pictures' colours are coded, as code points of ITU-T H.273: sRGB primaries and curve, BT.601 matrix.
 *
 * A player that reads no signal takes BT.601 for videos of this size, so the matrix is right with and without it.
 */
export const COLOUR_SIGNAL: {
  readonly primaries: number
  readonly transfer: number
  readonly matrix: number
  readonly fullRange: number
} = { primaries: 1, transfer: 13, matrix: 6, fullRange: 0 }

// H.264 puts a 3 after two zero bytes wherever a start code could be read by mistake (§7.4.1.1).
const removeEmulationPrevention = (nal: Uint8Array): Uint8Array =>
  nal.filter((byte, i) => !(byte === 3 && i >= 2 && nal[i - 1] === 0 && nal[i - 2] === 0))

const addEmulationPrevention = (payload: ReadonlyArray<number>): Uint8Array => {
  const out: Array<number> = []
  for (const byte of payload) {
    if (byte <= 3 && out.at(-1) === 0 && out.at(-2) === 0) out.push(3)
    out.push(byte)
  }
  return Uint8Array.from(out)
}

const toBits = (value: number, count: number): string => value.toString(2).padStart(count, "0")

// video_usability_information (H.264 annex E.1.1), the colour and chroma site only.
const usabilityBits = (): string =>
  [
    "1", // vui_parameters_present_flag
    "0", // aspect_ratio_info_present_flag
    "0", // overscan_info_present_flag
    "1", // video_signal_type_present_flag
    toBits(5, 3), // video_format: unspecified
    toBits(COLOUR_SIGNAL.fullRange, 1),
    "1", // colour_description_present_flag
    toBits(COLOUR_SIGNAL.primaries, 8),
    toBits(COLOUR_SIGNAL.transfer, 8),
    toBits(COLOUR_SIGNAL.matrix, 8),
    "1", // chroma_loc_info_present_flag
    "010", // top field: 1, the centre of the four pixels
    "010", // bottom field: the same
    "000000", // no timing, no hypothetical decoders (2), no picture structure, no bitstream restriction
  ].join("")

/**
 * Adds the colour signal to a sequence parameter set (a NAL unit without start code) that carries none.
 *
 * It also marks the stream as constrained Baseline, which hardware decoders ask for: the encoder uses neither slice
 * groups, arbitrary slice order nor redundant slices. Source: ITU-T H.264 §7.3.2.1.1, §A.2.1.1, annex E.
 */
export const signalColours = (sps: Uint8Array): Uint8Array => {
  const payload = removeEmulationPrevention(sps)
  payload[2] = 0xc0 // constraint_set0_flag and constraint_set1_flag
  const bits = Array.from(payload, (byte) => toBits(byte, 8)).join("")
  // The last 1 is the stop bit, and the bit before it is the last field: vui_parameters_present_flag.
  const flag = bits.lastIndexOf("1") - 1
  const signalled = `${bits.slice(0, flag)}${usabilityBits()}1`
  const padded = signalled.padEnd(Math.ceil(signalled.length / 8) * 8, "0")
  return addEmulationPrevention(
    Array.from({ length: padded.length / 8 }, (_, i) => parseInt(padded.slice(i * 8, i * 8 + 8), 2)),
  )
}
