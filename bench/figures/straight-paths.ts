/** Draws docs/pictures/straight-paths.svg: the same flow in the coordinates of diffusion and of rectified flow. Run by `npm run figures`. */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { Random } from "@auteur/core"
import { exactEnd, knowingMixture } from "../../packages/samplers/test/mixture.ts"
import { latentsOf } from "../../packages/samplers/test/run.ts"
import { drawPanels, type Panel, type Point } from "./svg.ts"

/** A way from noise (0) to clean (1): the level at a time, and what changes a sample by there. */
interface Coordinates {
  readonly title: string
  readonly label: string
  readonly level: (time: number) => { readonly alpha: number; readonly sigma: number; readonly timestep: number }
  readonly rate: (clean: number, noise: number, time: number) => number
}

const quarter = Math.PI / 2
const diffusion: Coordinates = {
  title: "diffusion: x = cos φ · clean + sin φ · noise",
  label: "φ, from noise (90°) to clean (0°)",
  level: (time) => ({ alpha: Math.sin(quarter * time), sigma: Math.cos(quarter * time), timestep: 0 }),
  rate: (clean, noise, time) => quarter * (Math.cos(quarter * time) * clean - Math.sin(quarter * time) * noise),
}
const rectified: Coordinates = {
  title: "rectified flow: x = (1 − σ) · clean + σ · noise",
  label: "σ, from noise (1) to clean (0)",
  level: (time) => ({ alpha: time, sigma: 1 - time, timestep: 0 }),
  rate: (clean, noise) => clean - noise,
}

const starts = [-2.2, -1.5, -1, -0.7, -0.55, -0.4, -0.1, 0.3, 0.8, 1.4, 2.2]
const fewSteps = 4

/** Euler's method in the coordinates themselves. */
const euler = ({ level, rate }: Coordinates, noise: number, steps: number): ReadonlyArray<Point> => {
  const points: Array<Point> = [[0, noise]]
  for (let i = 0; i < steps; i++) {
    const [time, x] = points.at(-1)!
    const { clean, noise } = knowingMixture(latentsOf([x]), level(time))
    points.push([(i + 1) / steps, x + rate(clean.values()[0]!, noise.values()[0]!, time) / steps])
  }
  return points
}

const exactPath = ({ level }: Coordinates, noise: number): ReadonlyArray<Point> =>
  Array.from({ length: 81 }, (_, i) => [i / 80, exactEnd(noise, level(i / 80))])

const many = [...Random.torch(1).normal(200)]

const errorOf = (coordinates: Coordinates, steps: number): number =>
  Math.sqrt(
    many.reduce((sum, x) => sum + (euler(coordinates, x, steps).at(-1)![1] - exactEnd(x)) ** 2, 0) / many.length,
  )

const panel = (coordinates: Coordinates, ticks: Panel["x"]["ticks"]): Panel => ({
  title: coordinates.title,
  x: { label: coordinates.label, from: 0, to: 1, ticks },
  y: { label: "x", from: -3, to: 3, ticks: [-2, -1, 0, 1, 2].map((value) => [value, String(value).replace("-", "−")]) },
  lines: [
    ...starts.map((x) => ({ points: exactPath(coordinates, x), stroke: { colour: "#2f6fb3", width: 1.6 } })),
    ...starts.map((x) => ({
      points: euler(coordinates, x, fewSteps),
      stroke: { colour: "#d1495b", width: 1.2, dashes: "4 3" },
      dots: true,
    })),
  ],
  texts: [
    { at: [0.03, -2.52], text: "exact", colour: "#2f6fb3" },
    { at: [0.03, -2.82], text: `Euler's method, ${fewSteps} steps`, colour: "#d1495b" },
    {
      at: [0.97, -2.82],
      text: `error with 4, 8, 16 steps: ${[4, 8, 16].map((steps) => errorOf(coordinates, steps).toFixed(2)).join(", ")}`,
      colour: "#333333",
      end: true,
    },
  ],
})

const picture = drawPanels([
  panel(
    diffusion,
    [90, 67.5, 45, 22.5, 0].map((angle) => [1 - angle / 90, `${angle}°`]),
  ),
  panel(
    rectified,
    [1, 0.75, 0.5, 0.25, 0].map((sigma) => [1 - sigma, String(sigma)]),
  ),
])
const path = fileURLToPath(new URL("../../docs/pictures/straight-paths.svg", import.meta.url))
writeFileSync(path, picture)
console.log(path)
