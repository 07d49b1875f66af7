import * as fc from "fast-check"
import { expect, it } from "vitest"
import { distanceTransform } from "./distance-transform.ts"

const byAllPairs = (isSet: ReadonlyArray<boolean>, height: number, width: number): ReadonlyArray<number> =>
  Array.from({ length: height * width }, (_, p) => {
    let nearest = Infinity
    for (let q = 0; q < height * width; q++) {
      if (!isSet[q]) continue
      const [dy, dx] = [Math.floor(p / width) - Math.floor(q / width), (p % width) - (q % width)]
      nearest = Math.min(nearest, Math.sqrt(dy * dy + dx * dx))
    }
    return nearest
  })

it("is the distance to the nearest position that is set, as found by trying all", () => {
  const plane = fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 })).chain(([height, width]) =>
    fc.tuple(
      fc.constant(height),
      fc.constant(width),
      fc.array(
        fc.integer({ min: 0, max: 5 }).map((x) => x === 0),
        { minLength: height * width, maxLength: height * width },
      ),
    ),
  )
  fc.assert(
    fc.property(plane, ([height, width, isSet]) => {
      expect([...distanceTransform(isSet, height, width)]).toEqual(byAllPairs(isSet, height, width))
    }),
  )
})

it("is infinite where nothing is set", () => {
  expect([...distanceTransform([0, 0], 1, 2)]).toEqual([Infinity, Infinity])
})
