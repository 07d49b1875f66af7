import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { colours, normals } from "../../test/gaussian-parts.ts"
import type { DenoiserShape } from "../services/denoiser.ts"
import { RequestError } from "../services/errors.ts"
import { latentFrames, videoSize } from "./latent-size.ts"
import { Tensor, type Video } from "../tensor/tensor.ts"

type Sizes = Parameters<typeof videoSize>[0]

const inPairs: DenoiserShape = { ...normals, name: "pairs", patch: { ...normals.patch, frames: 2 } }

const plan = (request: Sizes, denoiser: DenoiserShape = normals) => videoSize(request, colours, denoiser)

const refusal = (request: Sizes, denoiser?: DenoiserShape): string => {
  try {
    plan(request, denoiser)
  } catch (error) {
    expect(error).toBeInstanceOf(RequestError)
    return (error as RequestError).message
  }
  return "none"
}

const pictures = (frames: number, height: number, width: number): Video =>
  Tensor.zeros("batch frames height width channels", [1, frames, height, width, 3], "uint8")

describe("planLatents", () => {
  it("makes every length of 8N and 8N+1 frames exactly, for whole and for paired latent frames", () => {
    for (let n = 0; n <= 11; n++) {
      for (const frames of n === 0 ? [1] : [8 * n, 8 * n + 1]) {
        for (const denoiser of [normals, inPairs]) {
          const { latents, padding } = plan({ frames }, denoiser)
          expect(colours.decodedFrames(latents.frames - padding)).toBe(frames)
          expect(latents.frames % denoiser.patch.frames).toBe(0)
          expect(padding).toBeLessThan(denoiser.patch.frames)
        }
      }
    }
  })

  it("fills 21 latent frames of 81 frames up to 22 where they are taken in pairs", () => {
    expect(plan({ frames: 81 }, inPairs)).toMatchObject({ latents: { frames: 22 }, padding: 1, frames: 81 })
    expect(plan({ frames: 81 })).toMatchObject({ latents: { frames: 21 }, padding: 0, frames: 81 })
  })

  it("takes the trained size where nothing is asked for", () => {
    expect(plan({})).toEqual({
      latents: { frames: 3, height: 4, width: 6 },
      padding: 0,
      frames: 9,
      height: 32,
      width: 48,
    })
  })

  it("takes the size of the picture that it starts from", () => {
    expect(plan({ video: pictures(17, 64, 16) })).toMatchObject({ frames: 17, height: 64, width: 16 })
    expect(plan({ image: pictures(1, 64, 16) })).toMatchObject({ frames: 9, height: 64, width: 16 })
  })

  it("names the nearest lengths for any other number of frames", () => {
    expect(refusal({ frames: 7 })).toBe("A video of 7 frames cannot be made: the nearest lengths are 1 and 8 frames.")
    expect(refusal({ frames: 12.5 })).toBe(
      "A video of 12.5 frames cannot be made: the nearest lengths are 9 and 16 frames.",
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 90 }).filter((frames) => frames % 8 > 1),
        (frames) => {
          const [below, above] = refusal({ frames }).match(/\d+/g)!.slice(1).map(Number) as [number, number]
          expect(below).toBeLessThan(frames)
          expect(above).toBeGreaterThan(frames)
          expect(above - below).toBe(7)
          expect(plan({ frames: below }).frames).toBe(below)
          expect(plan({ frames: above }).frames).toBe(above)
        },
      ),
    )
  })

  it("names the nearest lengths of a VAE that compresses time a thousandfold without trying each", () => {
    let tries = 0
    const decodedFrames = (latentFrames: number) => (tries++, 1000 * latentFrames)
    const slow = { ...colours, temporalCompression: 1000, decodedFrames }
    expect(() => videoSize({ frames: 7_000_001 }, slow, normals)).toThrow("7000000 and 7001000 frames")
    expect(tries).toBeLessThan(10)
  })

  it.each([0, -8, 0.5, Number.NaN, Number.NEGATIVE_INFINITY])("names the shortest length for %d frames", (frames) => {
    expect(refusal({ frames })).toBe(`A video of ${frames} frames cannot be made: the shortest has 1 frame.`)
  })

  it.each([1e9, 1e9 + 3, 1e15, 1e300, Number.MAX_VALUE, Number.POSITIVE_INFINITY])(
    "refuses %d frames without counting up to them",
    (frames) => {
      expect(refusal({ frames })).toContain(`A video of ${frames} frames`)
    },
  )

  it("names the nearest heights and widths", () => {
    expect(refusal({ height: 65, width: 64 })).toBe(
      "A height of 65 pixels cannot be made: it has to be a multiple of 16; the nearest are 64 and 80.",
    )
    expect(refusal({ height: 64, width: 70.5 })).toBe(
      "A width of 70.5 pixels cannot be made: it has to be a multiple of 16; the nearest are 64 and 80.",
    )
  })

  it.each([0, -16, 5, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1e300])(
    "names the smallest height for one of %d",
    (height) => {
      expect(refusal({ height })).toBe(
        `A height of ${height} pixels cannot be made: it has to be a multiple of 16; the smallest is 16.`,
      )
    },
  )

  it("refuses more pixels than a tensor can hold before anything is allocated", () => {
    expect(refusal({ height: 16e8, width: 16e8 })).toContain("more than 2^32 values")
    expect(refusal({ frames: 9, height: 16_000, width: 16_000 })).toContain("ask for fewer frames or a smaller size")
  })

  it("passes on why the network refuses a size", () => {
    expect(refusal({ frames: 97 })).toBe("25 latent frames are more than 24.")
  })

  it("refuses a picture of another size than the one asked for", () => {
    expect(refusal({ image: pictures(1, 32, 48), width: 64 })).toBe(
      "The image is 48×32 pixels, but 64×32 are asked for: resize it first.",
    )
    expect(refusal({ video: pictures(9, 32, 48), height: 64 })).toBe(
      "The video is 48×32 pixels, but 48×64 are asked for: resize it first.",
    )
  })

  it("refuses a picture with other frames or channels than it needs", () => {
    expect(refusal({ image: pictures(2, 32, 48) })).toBe(
      "The image has the shape [1, 2, 32, 48, 3]; [1, 1, 32, 48, 3] is needed.",
    )
    expect(refusal({ video: pictures(9, 32, 48), frames: 17 })).toBe(
      "The video has the shape [1, 9, 32, 48, 3]; [1, 17, 32, 48, 3] is needed.",
    )
    const gray: Video = Tensor.zeros("batch frames height width channels", [1, 1, 32, 48, 1], "uint8")
    expect(refusal({ image: gray })).toContain("[1, 1, 32, 48, 1]; [1, 1, 32, 48, 3] is needed")
    expect(refusal({ video: pictures(7, 32, 48) })).toContain("the nearest lengths are 1 and 8")
  })

  it("refuses to fill up a video that it starts from, and names lengths that need no filling", () => {
    const message = refusal({ video: pictures(17, 32, 48) }, inPairs)
    expect(message).toBe(
      "pairs works on 2 latent frames at a time, so a video of 17 frames (5 latent frames) cannot be its start: give one of 16 or 24 frames.",
    )
    for (const frames of [16, 24]) expect(plan({ video: pictures(frames, 32, 48) }, inPairs).padding).toBe(0)
    expect(refusal({ video: pictures(1, 32, 48) }, inPairs)).toContain("give one of 8 frames.")
  })
})

it("latentFrames counts a latent frame for the first frame and one for each four after it", () => {
  expect([1, 2, 4, 5, 8, 9, 16, 17, 49, 81].map((frames) => latentFrames(frames, 4))).toEqual([
    1, 1, 1, 2, 2, 3, 4, 5, 13, 21,
  ])
})
