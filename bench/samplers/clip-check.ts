import type { Video } from "@auteur/core"
import { toFrames } from "@auteur/media"

type Colour = readonly [red: number, green: number, blue: number]

/** What a prompt says, in the words of the world. */
export interface Content {
  readonly subject: "fox" | "frog" | "balloon" | "star" | "fish" | "ghost"
  readonly motion: "right" | "left" | "up" | "down"
  readonly scene: "meadow" | "ice" | "sea" | "night" | "desert" | "city"
}

/** What a clip shows; `motion` and `subject` are nothing where nothing moves. */
export type Shown = { readonly [K in keyof Content]: Content[K] | undefined }

/** The skies' tops and the grounds of the bundled model's world, as its clips were drawn. */
const scenes: Readonly<Record<Content["scene"], { readonly sky: Colour; readonly ground: Colour }>> = {
  meadow: { sky: [120, 190, 250], ground: [100, 180, 75] },
  ice: { sky: [170, 200, 225], ground: [240, 248, 253] },
  sea: { sky: [130, 200, 255], ground: [40, 110, 190] },
  night: { sky: [14, 16, 48], ground: [24, 30, 50] },
  desert: { sky: [250, 200, 140], ground: [217, 165, 94] },
  city: { sky: [175, 195, 215], ground: [90, 92, 98] },
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

/** Pixels whose colours differ by more than this from the still picture are the subject's. */
const moved = 60
/** A subject crosses most of the picture; less than this part of it is no motion. */
const leastWay = 0.15
const edge = 5

const distance = (a: Colour, b: Colour): number => Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2])
const nearest = <Name extends string>(names: Readonly<Record<Name, unknown>>, far: (name: Name) => number): Name =>
  (Object.keys(names) as Array<Name>).reduce((best, name) => (far(name) < far(best) ? name : best))
const mean = (colours: ReadonlyArray<Colour>): Colour =>
  [0, 1, 2].map((c) => colours.reduce((sum, colour) => sum + colour[c]!, 0) / colours.length) as unknown as Colour
const median = (values: Array<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1]!

/**
 * What a clip of the bundled model's world shows, by its colours: the scene by the top and bottom edges of the picture, the subject by the colour
 * of what moves, the motion by the way of its centre from the first third to the last.
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

  const colours: Array<Colour> = []
  const centres = frames.map((_, frame) => {
    let [sumX, sumY, count] = [0, 0, 0]
    for (let pixel = 0; pixel < still.length; pixel++) {
      const colour = at(frame, pixel)
      if (distance(colour, still[pixel]!) <= moved) continue
      colours.push(colour)
      sumX += pixel % width
      sumY += Math.floor(pixel / width)
      count++
    }
    return count < still.length / 200 ? undefined : ([sumX / count / width, sumY / count / height] as const)
  })
  const third = Math.ceil(frames.length / 3)
  const place = (part: typeof centres) => {
    const seen = part.filter((centre) => centre !== undefined)
    return seen.length === 0 ? undefined : [0, 1].map((axis) => median(seen.map((centre) => centre[axis]!)))
  }
  const [first, last] = [place(centres.slice(0, third)), place(centres.slice(-third))]
  if (first === undefined || last === undefined) return { scene, subject: undefined, motion: undefined }
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
  return { scene, subject: nearest(subjects, (name) => distance(subjects[name], mean(colours))), motion }
}
