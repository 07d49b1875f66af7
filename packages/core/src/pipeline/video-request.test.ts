import * as Schema from "effect/Schema"
import { readFile } from "node:fs/promises"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { pipelineFields } from "./pipeline-request.ts"
import { requestFields, VideoRequest } from "./video-request.ts"

const decode = Schema.decodeUnknownSync(VideoRequest)
const encode = Schema.encodeSync(VideoRequest)

const share = fc.double({ noNaN: true, min: 0, max: 1 }).map((number) => number + 0)
const scale = fc.double({ noNaN: true, min: -1000, max: 1000 }).map((number) => number + 0)
const count = fc.integer({ min: 1, max: 1000 })
const request = fc.record(
  {
    prompt: fc.string({ unit: "binary" }).map((text) => `${text}x`),
    negativePrompt: fc.string({ unit: "binary" }),
    seed: fc.oneof(fc.maxSafeInteger(), fc.bigInt(2n ** 54n, 2n ** 64n - 1n), fc.bigInt(-(2n ** 63n), -(2n ** 54n))),
    steps: count,
    guidanceScale: scale,
    frames: count,
    fps: fc.double({ noNaN: true, min: 1, max: 240 }),
    strength: share,
    start: fc.constantFrom("noise" as const, "inversion" as const, "inversion-free" as const),
    tiling: fc.boolean(),
    lora: fc.array(fc.record({ path: fc.string(), weight: scale })),
    previewEvery: fc.nat(),
  },
  { requiredKeys: ["prompt", "seed"] },
)

describe("a video request", () => {
  it("comes back from its texts as it was, whatever else is beside them", () => {
    fc.assert(
      fc.property(request, (request) => {
        const texts = encode(request)
        expect(Object.values(texts).every((text) => typeof text === "string")).toBe(true)
        expect(decode({ ...texts, version: "1.0.0" })).toEqual(request)
      }),
    )
  })

  it("has one order of its texts, whatever the order of its settings", () => {
    fc.assert(
      fc.property(request, (request) => {
        const turned = Object.fromEntries(Object.entries(request).toReversed()) as typeof request
        expect(JSON.stringify(encode(turned))).toBe(JSON.stringify(encode(request)))
      }),
    )
  })

  it.each([
    { steps: "0" },
    { steps: "1001" },
    { steps: "2.5" },
    { seed: "18446744073709551616" },
    { seed: "1e3" },
    { guidanceScale: "NaN" },
    { guidanceScale: "1e30" },
    { strength: "1.01" },
    { start: "middle" },
    { tiling: "maybe" },
    { lora: "[{}]" },
  ])("is refused with %o", (wrong) => {
    expect(() => decode({ prompt: "a fox", seed: "1", ...wrong })).toThrow(Object.keys(wrong)[0])
  })

  it("describes each setting as its docstring does", async () => {
    const source = await readFile(new URL("video-request.ts", import.meta.url), "utf8")
    const body = source.slice(source.indexOf("export interface VideoRequest"))
    for (const [name, { description }] of Object.entries(requestFields)) {
      const documented = new RegExp(`/\\*\\*((?:(?!/\\*\\*)[^])*?)\\*/\\s+readonly ${name}\\??:`).exec(body)
      expect(documented?.[1]!.replaceAll(/\s+\*?\s*/g, " ").trim()).toBe(description)
    }
  })

  it("has defaults that it accepts", () => {
    const wrong = Object.entries(requestFields).filter(
      ([, { schema, default: value }]) =>
        value !== undefined && !Schema.is(schema as Schema.Codec<unknown, string>)(value),
    )
    expect(wrong).toEqual([])
  })

  it("gives the pipeline settings that exist, each once", () => {
    expect(new Set(pipelineFields).size).toBe(pipelineFields.length)
    expect(Object.keys(requestFields)).toEqual(expect.arrayContaining([...pipelineFields]))
  })
})
