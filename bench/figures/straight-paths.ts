import { Random } from "@auteur/core"
import { mixture } from "../../packages/samplers/test/mixture.ts"
import { latentsOf } from "../../packages/samplers/test/run.ts"
import { drawPanels, type Panel, type Point } from "./svg.ts"

interface Pair {
  readonly clean: number
  readonly noise: number
}

/** A way from noise (time 0) to clean (time 1): alpha and sigma at a time, and their change. */
interface Coordinates {
  readonly label: string
  readonly ticks: Panel["x"]["ticks"]
  readonly level: (time: number) => { readonly alpha: number; readonly sigma: number; readonly timestep: number }
  readonly rate: (pair: Pair, time: number) => number
}

const quarter = Math.PI / 2
const diffusion: Coordinates = {
  label: "φ, from noise to clean: x = cos φ · clean + sin φ · noise",
  ticks: [90, 67.5, 45, 22.5, 0].map((angle) => [1 - angle / 90, `${angle}°`]),
  level: (time) => ({ alpha: Math.sin(quarter * time), sigma: Math.cos(quarter * time), timestep: 0 }),
  rate: ({ clean, noise }, time) => quarter * (Math.cos(quarter * time) * clean - Math.sin(quarter * time) * noise),
}
const rectified: Coordinates = {
  label: "σ, from noise to clean: x = (1 − σ) · clean + σ · noise",
  ticks: [1, 0.75, 0.5, 0.25, 0].map((sigma) => [1 - sigma, String(sigma)]),
  level: (time) => ({ alpha: time, sigma: 1 - time, timestep: 0 }),
  rate: ({ clean, noise }) => clean - noise,
}

/** The prediction of a network for a sample at a time, and the exact path of a start. */
interface Flow {
  readonly coordinates: Coordinates
  readonly predict: (x: number, time: number, start: Pair) => Pair
  readonly path: (start: Pair, time: number) => number
}

const onPath = ({ level }: Coordinates, { clean, noise }: Pair, time: number): number => {
  const { alpha, sigma } = level(time)
  return alpha * clean + sigma * noise
}

/** A network that has seen one pair alone. */
const onePair = (coordinates: Coordinates): Flow => ({
  coordinates,
  predict: (_x, _time, start) => start,
  path: (start, time) => onPath(coordinates, start, time),
})

/** A network that has seen clean latents with any noise. */
const anyPairs = (coordinates: Coordinates): Flow => ({
  coordinates,
  predict: (x, time) => {
    const { clean, noise } = mixture.network(latentsOf([x]), coordinates.level(time))
    return { clean: clean.values()[0]!, noise: noise.values()[0]! }
  },
  path: ({ noise }, time) => mixture.end(noise, coordinates.level(time)),
})

/** A network that has seen each noise with its own end: no two of its lines cross, so that a sample shows which of them it is on. */
const ownPairs: Flow = {
  coordinates: rectified,
  predict: (x, time) => {
    let [low, high] = [-6, 6]
    for (let i = 0; i < 50; i++) {
      const noise = (low + high) / 2
      if (onPath(rectified, { clean: mixture.end(noise), noise }, time) < x) low = noise
      else high = noise
    }
    return { clean: mixture.end(low), noise: low }
  },
  path: ({ noise }, time) => onPath(rectified, { clean: mixture.end(noise), noise }, time),
}

const euler = ({ coordinates, predict }: Flow, start: Pair, steps: number): ReadonlyArray<Point> => {
  const points: Array<Point> = [[0, start.noise]]
  for (let i = 0; i < steps; i++) {
    const [time, x] = points.at(-1)!
    points.push([(i + 1) / steps, x + coordinates.rate(predict(x, time, start), time) / steps])
  }
  return points
}

const pairs = (noises: ArrayLike<number>, others: ArrayLike<number>): ReadonlyArray<Pair> =>
  Array.from(noises, (noise, i) => ({ noise, clean: mixture.end(others[i]!) }))
const shown = pairs(
  [-2, -1.4, -1, -0.6, -0.3, 0, 0.3, 0.7, 1.2, 1.9],
  [0.3, -1.2, 1.1, -2, 0.6, -0.8, 1.7, -0.3, 0.9, -0.6],
)
const random = Random.torch(7)
const many = pairs(random.normal(150), random.normal(150))
const fewSteps = 4

const errorOf = (flow: Flow, steps: number): string => {
  const squares = many.map((start) => (euler(flow, start, steps).at(-1)![1] - flow.path(start, 1)) ** 2)
  return Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / many.length).toFixed(2)
}

const panel = (title: string, flow: Flow): Panel => {
  const { label, ticks } = flow.coordinates
  const times = Array.from({ length: 61 }, (_, i) => i / 60)
  return {
    title,
    x: { label, from: 0, to: 1, ticks },
    y: { label: "x", from: -3, to: 4, ticks: [-2, -1, 0, 1, 2].map((y) => [y, String(y).replace("-", "−")]) },
    lines: [
      ...shown.map((start) => ({
        points: times.map((time) => [time, flow.path(start, time)] as const),
        stroke: { colour: "#2f6fb3", width: 1.6 },
      })),
      ...shown.map((start) => ({
        points: euler(flow, start, fewSteps),
        stroke: { colour: "#d1495b", width: 1.1, dashes: "4 3" },
        dots: true,
      })),
    ],
    texts: [
      {
        at: [0.03, 3.5],
        text: `Euler's error with 1, 4, 16 steps: ${[1, 4, 16].map((steps) => errorOf(flow, steps)).join(", ")}`,
        colour: "#d1495b",
      },
    ],
  }
}

/** docs/pictures/straight-paths.svg: where rectified flow is straight, and where it is not. */
export const straightPaths = (): string =>
  drawPanels([
    panel("diffusion: the path of each pair is an arc", onePair(diffusion)),
    panel("rectified flow: the path of each pair is straight", onePair(rectified)),
    panel("learned of such pairs: it bends where they cross", anyPairs(rectified)),
    panel("learned again of its own pairs: nothing crosses", ownPairs),
  ])

/** Euler's error with 4 steps along what a network learns: of diffusion by its angle, and of rectified flow by σ. */
export const learnedErrors = (): readonly [diffusion: string, flow: string] => [
  errorOf(anyPairs(diffusion), fewSteps),
  errorOf(anyPairs(rectified), fewSteps),
]
