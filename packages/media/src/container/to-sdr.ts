import { exp, log } from "@auteur/core"

/** The primaries and the curve of a video's colours. */
export interface ColourSignal {
  readonly primaries: "bt709" | "bt2020" | "p3"
  readonly transfer: "sdr" | "pq" | "hlg"
}

/** Writes a colour, whose coded values are from 0 to 255, as one of sRGB. */
export type ToSdr = (red: number, green: number, blue: number, out: Uint8ClampedArray, at: number) => void

// The light of diffuse white in candela per square metre. Source: ITU-R BT.2408-7 §2.1.
const WHITE = 203
// The brightest highlight that is told from white, as bright as most HDR is graded for.
const PEAK = 1000 / WHITE
// Up to this part of diffuse white, light stays as it is; above, highlights are pressed into what is left.
const KNEE = 0.8

/** x^exponent for x ≥ 0, the same on every engine. */
const power = (x: number, exponent: number): number => (x > 0 ? exp(exponent * log(x)) : 0)

/** Light of a coded value, as a part of diffuse white. */
const toLight = {
  // SMPTE ST 2084 §5.2
  pq: (code: number): number => {
    const [m1, m2] = [2610 / 16384, (2523 / 4096) * 128]
    const [c1, c2, c3] = [3424 / 4096, (2413 / 4096) * 32, (2392 / 4096) * 32]
    const root = power(code, 1 / m2)
    return (10_000 / WHITE) * power(Math.max(root - c1, 0) / (c2 - c3 * root), 1 / m1)
  },
  // ITU-R BT.2100-2 table 5, the light of the scene
  hlg: (code: number): number => {
    const [a, b, c] = [0.17883277, 0.28466892, 0.55991073]
    return code <= 0.5 ? (code * code) / 3 : (exp((code - c) / a) + b) / 12
  },
  // IEC 61966-2-1
  sdr: (code: number): number => (code <= 0.04045 ? code / 12.92 : power((code + 0.055) / 1.055, 2.4)),
} as const

const toCode = (light: number): number => (light <= 0.0031308 ? light * 12.92 : 1.055 * power(light, 1 / 2.4) - 0.055)

// Rows give red, green and blue of BT.709. Sources: ITU-R BT.2087-0 §4; SMPTE EG 432-1.
const TO_BT709 = {
  bt2020: [1.6605, -0.5876, -0.0728, -0.1246, 1.1329, -0.0083, -0.0182, -0.1006, 1.1187],
  p3: [1.2249, -0.2247, 0, -0.042, 1.0419, 0, -0.0197, -0.0786, 1.0979],
  bt709: [1, 0, 0, 0, 1, 0, 0, 0, 1],
} as const

/** Presses light above the knee below white; the curve's slope is 1 at the knee. */
const pressHighlights = (light: number): number => {
  if (light <= KNEE) return light
  const over = (light - KNEE) / (1 - KNEE)
  const most = (PEAK - KNEE) / (1 - KNEE)
  return KNEE + ((1 - KNEE) * over * (1 + over / most ** 2)) / (1 + over)
}

const STEPS = 4095
const tabled = (map: (value: number) => number): Float64Array =>
  Float64Array.from({ length: STEPS + 1 }, (_, i) => map(i / STEPS))

/**
 * Turns colours of HDR, or of wider primaries, into those of sRGB; undefined where they are that already.
 *
 * Diffuse white becomes about white, what is as dark as that or darker keeps its light, and highlights are pressed together.
 */
export const toSdr = ({ primaries, transfer }: ColourSignal): ToSdr | undefined => {
  if (primaries === "bt709" && transfer === "sdr") return undefined
  const light = tabled(toLight[transfer])
  const code = tabled((value) => 255 * toCode(value))
  const [rr, rg, rb, gr, gg, gb, br, bg, bb] = TO_BT709[primaries]
  const lookUp = (value: number): number => light[Math.round(Math.min(Math.max(value / 255, 0), 1) * STEPS)]!
  const encode = (value: number): number => code[Math.round(Math.min(Math.max(value, 0), 1) * STEPS)]!
  return (red, green, blue, out, at) => {
    let [r, g, b] = [lookUp(red), lookUp(green), lookUp(blue)]
    if (transfer === "hlg") {
      // A display of 1000 cd/m² shows the scene with a gamma of 1.2 (BT.2100-2 table 5, OOTF).
      const scale = PEAK * power(0.2627 * r + 0.678 * g + 0.0593 * b, 0.2)
      ;[r, g, b] = [r * scale, g * scale, b * scale]
    }
    const [red709, green709, blue709] = [rr * r + rg * g + rb * b, gr * r + gg * g + gb * b, br * r + bg * g + bb * b]
    const brightest = Math.max(red709, green709, blue709)
    const press = transfer === "sdr" || brightest <= KNEE ? 1 : pressHighlights(brightest) / brightest
    out[at] = encode(red709 * press)
    out[at + 1] = encode(green709 * press)
    out[at + 2] = encode(blue709 * press)
  }
}
