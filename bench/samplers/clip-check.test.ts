import { Tensor, type Video } from "@auteur/core"
import { expect, it } from "vitest"
import { shownBy } from "./clip-check.ts"

type Colour = readonly [number, number, number]
const size = 64
const frames = 17

interface Drawn {
  readonly sky: Colour
  readonly horizon: Colour
  readonly ground: Colour
  readonly subject: Colour
  /** Where the subject's centre is at a time from 0 to 1, as a fraction of the picture. */
  readonly centre: (time: number) => readonly [x: number, y: number]
}

/** A square of one colour before a sky and a ground, as the world of the bundled model has them. */
const draw = ({ sky, horizon, ground, subject, centre }: Drawn): Video => {
  const data = new Uint8Array(frames * size * size * 3)
  for (let frame = 0; frame < frames; frame++) {
    const [x, y] = centre(frame / (frames - 1))
    for (let pixel = 0; pixel < size * size; pixel++) {
      const [column, row] = [(pixel % size) / size, Math.floor(pixel / size) / size]
      const isSubject = Math.abs(column - x) < 0.18 && Math.abs(row - y) < 0.18
      const colour = [0, 1, 2].map((c) =>
        isSubject ? subject[c]! : row > 0.6 ? ground[c]! : sky[c]! + row * (horizon[c]! - sky[c]!),
      )
      data.set(colour, 3 * (frame * size * size + pixel))
    }
  }
  return Tensor.from("batch frames height width channels", [1, frames, size, size, 3], data, "uint8")
}

const meadow = { sky: [120, 190, 250], horizon: [205, 235, 255], ground: [100, 180, 75] } as const
const night = { sky: [14, 16, 48], horizon: [50, 44, 104], ground: [24, 30, 50] } as const
const [fox, star] = [
  [227, 139, 87],
  [240, 193, 52],
] as const

it.each([
  ["right", (t: number) => [t, 0.6] as const],
  ["left", (t: number) => [1 - t, 0.6] as const],
  ["up", (t: number) => [0.5, 0.9 - 0.8 * t] as const],
  ["down", (t: number) => [0.5, 0.1 + 0.8 * t] as const],
] as const)("sees a fox go %s in a meadow, and a star at night", (motion, centre) => {
  expect(shownBy(draw({ ...meadow, subject: fox, centre }))).toEqual({ scene: "meadow", subject: "fox", motion })
  expect(shownBy(draw({ ...night, subject: star, centre }))).toEqual({ scene: "night", subject: "star", motion })
})

it("sees no motion where nothing moves far, and no subject where there is none", () => {
  const still = draw({ ...meadow, subject: fox, centre: (t) => [0.5 + 0.05 * t, 0.5] })
  expect(shownBy(still)).toEqual({ scene: "meadow", subject: "fox", motion: undefined })
  const empty = draw({ ...night, subject: fox, centre: () => [5, 5] })
  expect(shownBy(empty)).toEqual({ scene: "night", subject: undefined, motion: undefined })
})
