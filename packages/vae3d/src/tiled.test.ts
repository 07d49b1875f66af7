import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { parseVaeConfig } from "./config.ts"
import { blendTiles, tileGrid, tilesOf } from "./tiled.ts"

const config = await Effect.runPromise(parseVaeConfig({ _class_name: "AutoencoderKLCogVideoX" }, "config.json"))

/** Two pictures that are told apart at every position. */
const picture = (height: number, width: number) =>
  Float32Array.from({ length: 2 * height * width }, (_, i) => Math.sin(i * 12.9898))

const cut = (
  data: Float32Array,
  height: number,
  width: number,
  scale: number,
  tile: ReturnType<typeof tilesOf>[number],
) => {
  const [h, w] = [tile.height * scale, tile.width * scale]
  const values = new Float32Array(2 * h * w)
  for (let i = 0; i < values.length; i++) {
    const [plane, y, x] = [Math.floor(i / (h * w)), Math.floor(i / w) % h, i % w]
    values[i] = data[(plane * height + y + tile.top * scale) * width + x + tile.left * scale]!
  }
  return { data: values, shape: [1, 2, 1, h, w] }
}

describe("tileGrid", () => {
  it("cuts 60×90 latents as the reference does", () => {
    const grid = tileGrid(config, 60, 90)
    assert.deepStrictEqual(
      grid.rows.map(({ start, end }) => [start, end]),
      [
        [0, 30],
        [25, 55],
        [50, 60],
      ],
    )
    assert.deepStrictEqual(
      grid.columns.map(({ start, end }) => [start, end]),
      [
        [0, 45],
        [36, 81],
        [72, 90],
      ],
    )
    assert.deepStrictEqual(grid.overlap, { height: 5, width: 9 })
  })

  it("leaves a picture of a tile's size whole", () => {
    assert.strictEqual(tilesOf(tileGrid(config, 30, 45)).length, 1)
  })
})

describe("blendTiles", () => {
  it("puts a picture together again from its own tiles, at any size and scale", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 16, max: 200 }),
        fc.integer({ min: 16, max: 200 }),
        fc.constantFrom(1, 2),
        (height, width, sample_height, sample_width, scale) => {
          const grid = tileGrid({ ...config, sample_height, sample_width }, height, width)
          const whole = picture(height * scale, width * scale)
          const tiles = tilesOf(grid).map((tile) => cut(whole, height * scale, width * scale, scale, tile))
          const joined = blendTiles(tiles, grid, scale)
          assert.deepStrictEqual(joined.shape, [1, 2, 1, height * scale, width * scale])
          const error = whole.reduce((worst, x, i) => Math.max(worst, Math.abs(x - Number(joined.data[i]))), 0)
          assert.isBelow(error, 1e-6)
        },
      ),
      { numRuns: 60 },
    )
  })
})
