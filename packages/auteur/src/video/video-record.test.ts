import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { expect, test } from "vitest"
import { fromMetadata, toMetadata, type VideoRecord } from "./video-record.ts"

const count = fc.integer({ min: 1, max: 1000 })
const text = fc.string({ unit: "binary", minLength: 1 }).filter((text) => /\S/.test(text))
const finite = fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0)
const record: fc.Arbitrary<VideoRecord> = fc.record(
  {
    prompt: text,
    negativePrompt: fc.string({ unit: "binary" }),
    seed: fc.oneof(fc.maxSafeInteger(), fc.bigInt(2n ** 54n, 2n ** 64n - 1n)),
    steps: count,
    guidanceScale: fc.double({ noNaN: true, min: -1000, max: 1000 }).map((number) => number + 0),
    guidanceMethod: fc.string({ minLength: 1 }),
    sampler: fc.string({ minLength: 1 }),
    maxSequenceLength: count,
    frames: count,
    width: count,
    height: count,
    strength: fc.double({ noNaN: true, min: 0, max: 1 }).map((number) => number + 0),
    fps: fc.double({ noNaN: true, min: 1, max: 240 }),
    upscale: fc.integer({ min: 1, max: 16 }),
    tiling: fc.boolean(),
    lora: fc.array(fc.record({ path: fc.string({ unit: "binary" }), weight: finite, hash: fc.string() })),
    cache: fc.string({ unit: "binary", minLength: 1 }),
    cacheThreshold: fc.double({ noNaN: true, min: 0, noDefaultInfinity: true }).map((number) => number + 0),
    image: fc.string(),
    video: fc.string(),
    model: fc.string(),
    modelHash: fc.string(),
    version: fc.string(),
    timesteps: fc.array(fc.nat(999), { minLength: 1 }),
    sigmas: fc.array(fc.double({ noNaN: true, min: 0, max: 1 }), { minLength: 1 }),
    plugins: fc.array(fc.stringMatching(/^[^\s,]+$/), { minLength: 1 }),
  },
  {
    requiredKeys: [
      "prompt",
      "negativePrompt",
      "seed",
      "steps",
      "guidanceScale",
      "guidanceMethod",
      "sampler",
      "frames",
      "width",
      "height",
      "fps",
      "upscale",
      "tiling",
      "model",
      "modelHash",
      "version",
    ],
  },
)

test("a record comes back from its texts as it was", () => {
  fc.assert(
    fc.property(record, (record) => {
      expect(Effect.runSync(fromMetadata(toMetadata(record), "x.mp4"))).toEqual(record)
    }),
  )
})

test("equal records give equal texts, whatever the order of their fields", () => {
  fc.assert(
    fc.property(record, (record) => {
      const turned = Object.fromEntries(Object.entries(record).toReversed()) as unknown as VideoRecord
      expect(JSON.stringify(toMetadata(turned))).toBe(JSON.stringify(toMetadata(record)))
    }),
  )
})

it.effect("texts that are none of a record are refused with the name of the file", () =>
  Effect.gen(function* () {
    const [whole] = fc.sample(record, 1)
    const texts = toMetadata(whole!)
    for (const broken of [
      {},
      { ...texts, steps: "some" },
      { ...texts, width: "64x64" },
      { ...texts, tiling: "maybe" },
    ]) {
      const error = yield* Effect.flip(fromMetadata(broken, "x.mp4"))
      assert.match(error.message, /^x\.mp4 does not say how it was made/)
    }
  }),
)
