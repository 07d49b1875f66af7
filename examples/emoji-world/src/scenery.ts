import type { Scene } from "./factors.ts"
import type { PythonRandom } from "./python-random.ts"
import { type Colour, drawEllipse, drawPolygon, drawRectangle, gradient, type Raster } from "./raster.ts"
import { resized } from "./resample.ts"

/** A background, and the height of its horizon as a part of the picture's side. */
export interface Scenery {
  readonly image: Raster
  readonly ground: number
}

interface Canvas {
  /** Pixels of the side. */
  readonly S: number
  /** The horizon's row. */
  readonly h: number
  readonly random: PythonRandom
  /** A colour in the light of this clip. */
  readonly lit: (...colour: Colour) => Colour
}

/** Draws a scene, with the random numbers of the clip's seed. */
export const drawScenery = (scene: Scene, random: PythonRandom, size: number): Scenery => {
  const S = size * 2 // drawn at twice the size, then reduced
  const h = Math.trunc(S * random.uniform(0.52, 0.66))
  const light = 1 + random.uniform(-0.08, 0.08)
  const lit = (...colour: Colour) =>
    colour.map((value) => Math.trunc(Math.max(0, Math.min(255, value * light)))) as unknown as Colour
  return { image: resized(painters[scene]({ S, h, random, lit }), size), ground: h / S }
}

const painters: Readonly<Record<Scene, (canvas: Canvas) => Raster>> = {
  meadow: ({ S, h, lit }) => {
    const image = gradient(S, lit(120, 190, 250), lit(205, 235, 255))
    drawEllipse(image, [-S * 0.3, h, S * 0.9, S * 1.9], lit(110, 190, 80))
    drawEllipse(image, [S * 0.3, h - S * 0.04, S * 1.5, S * 1.9], lit(90, 170, 70))
    return image
  },
  ice: ({ S, h, random, lit }) => {
    const image = gradient(S, lit(170, 200, 225), lit(225, 238, 248))
    const x = random.uniform(0.1, 0.5) * S
    const iceberg = [
      [x - S * 0.3, h],
      [x, h - S * 0.34],
      [x + S * 0.12, h - S * 0.2],
      [x + S * 0.2, h - S * 0.27],
      [x + S * 0.45, h],
    ] as const
    drawPolygon(image, iceberg, lit(200, 228, 245))
    drawRectangle(image, [0, h, S, S], lit(240, 248, 253))
    return image
  },
  sea: ({ S, h, random, lit }) => {
    const image = gradient(S, lit(130, 200, 255), lit(215, 240, 255))
    drawRectangle(image, [0, h, S, S], lit(40, 110, 190))
    const width = Math.max(1, Math.floor(S / 50))
    for (let k = 0; k < 4; k++) {
      const y = Math.trunc(h + ((S - h) * (k + 0.6)) / 5)
      const [from, to] = [random.uniform(0, 0.4) * S, random.uniform(0.5, 1) * S]
      const top = y - Math.floor((width - 1) / 2)
      drawRectangle(image, [from, top, to, top + width - 1], lit(90, 160, 225))
    }
    return image
  },
  night: ({ S, h, random, lit }) => {
    const image = gradient(S, lit(14, 16, 48), lit(50, 44, 104))
    for (let star = 0; star < 22; star++) {
      const [x, y] = [random.uniform(0, S), random.uniform(0, h)]
      const r = (random.uniform(0.6, 1.6) * S) / 128
      drawEllipse(image, [x - r, y - r, x + r, y + r], [240, 240, 210])
    }
    drawEllipse(image, [-S * 0.3, h + S * 0.1, S * 1.3, S * 2.2], lit(24, 30, 50))
    return image
  },
  desert: ({ S, h, lit }) => {
    const image = gradient(S, lit(250, 200, 140), lit(255, 232, 190))
    drawEllipse(image, [-S * 0.5, h, S * 0.8, S * 2], lit(226, 176, 104))
    drawEllipse(image, [S * 0.2, h + S * 0.03, S * 1.7, S * 2], lit(208, 154, 84))
    return image
  },
  city: ({ S, h, random, lit }) => {
    const image = gradient(S, lit(175, 195, 215), lit(225, 228, 230))
    for (let x = 0; x < S;) {
      const width = random.uniform(0.12, 0.22) * S
      const top = h - random.uniform(0.12, 0.42) * S
      drawRectangle(image, [x, top, x + width - S * 0.01, h], lit(...random.choice(walls)))
      for (let y = top + S * 0.03; y < h - S * 0.03; y += S * 0.07) {
        for (let w = x + S * 0.02; w < x + width - S * 0.04; w += S * 0.06) {
          drawRectangle(image, [w, y, w + S * 0.025, y + S * 0.03], [245, 225, 150])
        }
      }
      x += width
    }
    drawRectangle(image, [0, h, S, S], lit(90, 92, 98))
    const middle = (part: number) => h + (S - h) * part
    for (let k = 0; k < 4; k++) {
      const from = S * (k * 0.27 + 0.02)
      drawRectangle(image, [from, middle(0.48), S * (k * 0.27 + 0.16), middle(0.56)], [235, 235, 225])
    }
    return image
  },
}

const walls: ReadonlyArray<Colour> = [
  [140, 120, 120],
  [120, 130, 150],
  [160, 140, 120],
  [110, 110, 125],
]
