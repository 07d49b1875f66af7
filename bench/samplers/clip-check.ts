import type { Video } from "@auteur/core"
import { toFrames } from "@auteur/media"

type Colour = readonly [red: number, green: number, blue: number]

/** The content of a prompt, in the words of the world. */
export interface Content {
  readonly subject: "fox" | "frog" | "balloon" | "star" | "fish" | "ghost"
  readonly motion: "right" | "left" | "up" | "down"
  readonly scene: "meadow" | "ice" | "sea" | "night" | "desert" | "city"
}

/** The content of a clip; undefined where it cannot be told. */
export type Shown = { readonly [K in keyof Content]: Content[K] | undefined }

/** The colours of the bundled model's world, as its clips were drawn: the sky from top to horizon, the ground, and what else stands still. */
const scenes: Readonly<
  Record<
    Content["scene"],
    { readonly sky: Colour; readonly horizon: Colour; readonly ground: Colour; readonly others: ReadonlyArray<Colour> }
  >
> = {
  meadow: { sky: [120, 190, 250], horizon: [205, 235, 255], ground: [100, 180, 75], others: [] },
  ice: { sky: [170, 200, 225], horizon: [225, 238, 248], ground: [240, 248, 253], others: [] },
  sea: { sky: [130, 200, 255], horizon: [215, 240, 255], ground: [40, 110, 190], others: [[90, 160, 225]] },
  night: { sky: [14, 16, 48], horizon: [50, 44, 104], ground: [24, 30, 50], others: [] },
  desert: { sky: [250, 200, 140], horizon: [255, 232, 190], ground: [217, 165, 94], others: [] },
  city: {
    sky: [175, 195, 215],
    horizon: [225, 228, 230],
    ground: [90, 92, 98],
    others: [
      [140, 120, 120],
      [160, 140, 120],
      [235, 235, 225],
    ],
  },
}

/** The mean colours of its pictures of these subjects. */
const subjects: Readonly<Record<Content["subject"], Colour>> = {
  fox: [227, 139, 87],
  frog: [161, 190, 115],
  balloon: [194, 57, 113],
  star: [240, 193, 52],
  fish: [130, 155, 201],
  ghost: [221, 189, 216],
}

/** Pixels whose colours differ by more than this from the still picture have moved. */
const moved = 60
/** Pixels whose colours differ by more than this from all of the scene are the subject's. */
const foreign = 50
/** A subject crosses most of the picture; less than this share of it is no motion. */
const leastWay = 0.15
const edge = 5

const distance = (a: Colour, b: Colour): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
const nearest = <Name extends string>(names: Readonly<Record<Name, unknown>>, far: (name: Name) => number): Name =>
  (Object.keys(names) as Array<Name>).reduce((best, name) => (far(name) < far(best) ? name : best))
const mean = (colours: ReadonlyArray<Colour>): Colour =>
  [0, 1, 2].map((c) => colours.reduce((sum, colour) => sum + colour[c]!, 0) / colours.length) as unknown as Colour
const median = (values: Array<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/**
 * The content of a clip of the bundled model's world, by its colours: the scene by the top and bottom edges of the picture, the subject by the colours
 * that are not the scene's, the motion by the way of its centre from the first third to the last.
 */
export const shownBy = (video: Video): Shown => {
  const frames = toFrames(video)
  const { width, height } = frames[0]!
  const at = (frame: number, pixel: number): Colour => {
    const { data } = frames[frame]!
    return [data[3 * pixel]!, data[3 * pixel + 1]!, data[3 * pixel + 2]!]
  }
  const still = Array.from({ length: width * height }, (_, pixel): Colour => {
    const seen = frames.map((_, frame) => at(frame, pixel))
    return [0, 1, 2].map((c) => median(seen.map((colour) => colour[c]!))) as unknown as Colour
  })
  const [sky, ground] = [mean(still.slice(0, edge * width)), mean(still.slice(-edge * width))]
  const scene = nearest(scenes, (name) => distance(scenes[name].sky, sky) + distance(scenes[name].ground, ground))

  const { sky: top, horizon, ground: below, others } = scenes[scene]
  const steps = [0, 0.2, 0.4, 0.6, 0.8, 1]
  const gradient = steps.map((t) => [0, 1, 2].map((c) => top[c]! + t * (horizon[c]! - top[c]!)) as unknown as Colour)
  const own = [...gradient, below, ...others]
  const colours = frames.flatMap((_, frame) =>
    still.map((_, pixel) => at(frame, pixel)).filter((colour) => own.every((each) => distance(each, colour) > foreign)),
  )
  const subject =
    colours.length === 0 ? undefined : nearest(subjects, (name) => distance(subjects[name], mean(colours)))

  const centres = frames.map((_, frame) => {
    let [sumX, sumY, count] = [0, 0, 0]
    for (let pixel = 0; pixel < still.length; pixel++) {
      const colour = at(frame, pixel)
      if (distance(colour, still[pixel]!) <= moved) continue
      sumX += pixel % width
      sumY += Math.floor(pixel / width)
      count++
    }
    return count < still.length / 200 ? undefined : ([sumX / count / width, sumY / count / height] as const)
  })
  const third = Math.ceil(frames.length / 3)
  const place = (third: typeof centres) => {
    const seen = third.filter((centre) => centre !== undefined)
    return seen.length === 0 ? undefined : [0, 1].map((axis) => median(seen.map((centre) => centre[axis]!)))
  }
  const [first, last] = [place(centres.slice(0, third)), place(centres.slice(-third))]
  if (first === undefined || last === undefined) return { scene, subject, motion: undefined }
  const [x, y] = [last[0]! - first[0]!, last[1]! - first[1]!]
  const motion =
    Math.max(Math.abs(x), Math.abs(y)) < leastWay
      ? undefined
      : Math.abs(x) > Math.abs(y)
        ? x > 0
          ? "right"
          : "left"
        : y > 0
          ? "down"
          : "up"
  return { scene, subject, motion }
}
