import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { colours } from "../../test/gaussian-parts.ts"
import { gaussianWorld, type WorldChanges } from "../../test/gaussian-world.ts"
import type { Checkpoint } from "./checkpoint.ts"
import { Hardware } from "../services/hardware.ts"
import { generate } from "./generate.ts"
import { resume } from "./resume.ts"
import type { GenerateRequest } from "./pipeline-request.ts"
import { Tensor, type Video } from "../tensor/tensor.ts"

const request: GenerateRequest = {
  prompt: "a fox",
  seed: 1,
  steps: 5,
  guidanceScale: 6,
  frames: 17,
  height: 64,
  width: 96,
}

const pictures = (frames: number): Video =>
  Tensor.zeros("batch frames height width channels", [1, frames, 64, 96, 3], "uint8")

/** Bytes that decoding so many latent frames takes beside the weights of all components: the network's own memory and the frames, twice. */
const needed = (latentFrames: number, frames: number, height: number, width: number): number =>
  7000 + (300 * latentFrames * height * width) / 64 + 2 * frames * height * width * 3

/** Runs a request with little memory: the message that refuses it, or "made", and what the parts were asked for. */
const tryWith = (memoryBytes: number, asked: GenerateRequest, changes: WorldChanges = {}) => {
  const world = gaussianWorld(changes)
  const result = generate(asked).pipe(
    Stream.runDrain,
    Effect.provide(world.layer),
    // Memory is to be estimated without measuring the machine's speed.
    Effect.provideService(Hardware, { memoryBytes, speed: Effect.die("measured") }),
    Effect.result,
    Effect.runSync,
  )
  return { ...world, answer: Result.isSuccess(result) ? "made" : result.failure.message }
}

describe("a request that does not fit into memory", () => {
  it("is refused before any work, with the part and the numbers", () => {
    const { answer, calls } = tryWith(60_000, request)
    expect(answer).toContain("17 frames of 96×64 need about 0.0 GB of memory (to decode)")
    expect(calls).toEqual([])
  })

  it("is made when it just fits", () => {
    expect(tryWith(needed(5, 17, 64, 96), request).answer).toBe("made")
    expect(tryWith(needed(5, 17, 64, 96) - 1, request).answer).not.toBe("made")
  })

  it.each([
    ["fewer frames", needed(4, 16, 64, 96), {}, "ask for 16 frames", { frames: 16 }],
    ["the fewest frames", needed(1, 1, 64, 96), {}, "ask for 1 frame", { frames: 1 }],
    ["a smaller picture", needed(1, 1, 48, 64), { frames: 1 }, "ask for 64×48 pixels", { width: 64, height: 48 }],
    ["a much smaller picture", needed(5, 17, 16, 16), {}, "ask for 16×16 pixels", { width: 16, height: 16 }],
  ])("names %s, which is then made", (_, memoryBytes, change, mend, mended) => {
    const asked = { ...request, ...change }
    const { answer } = tryWith(memoryBytes, asked)
    expect(answer).toMatch(new RegExp(`are free: ${mend}\\.$`))
    expect(tryWith(memoryBytes, { ...asked, ...mended }).answer).toBe("made")
  })

  it("finds the longest of thousands of lengths in few tries", () => {
    let tries = 0
    const changes: WorldChanges = {
      denoiser: { unsupported: () => undefined },
      vae: { decodeCost: (size) => Effect.suspend(() => (tries++, colours.decodeCost(size))) },
    }
    const long = { ...request, frames: 80_001, height: 16, width: 16 }
    const memoryBytes = needed(14_806, 59_224, 16, 16)
    expect(tryWith(memoryBytes, long, changes).answer).toMatch(/are free: ask for 59224 frames\.$/)
    expect(tries).toBeLessThan(12)
  })

  it("finds the longest also where odd numbers of latent frames take more than even ones, and where some are refused", () => {
    // As a decoder of pairs: the first of an odd number is three latent frames.
    const together = (frames: number) => Math.min(frames, 2 + (frames % 2))
    fc.assert(
      fc.property(fc.nat({ max: 30 }), fc.nat({ max: 14 }), fc.nat({ max: 200_000 }), (latentFrames, hole, memory) => {
        const changes: WorldChanges = {
          denoiser: { unsupported: ({ frames }) => (frames > hole && frames < hole + 4 ? "too odd." : undefined) },
          vae: {
            decodeCost: ({ frames, height, width }) =>
              Effect.succeed({ flops: 1, weightBytes: 2000, activationBytes: 600 * together(frames) * height * width }),
          },
        }
        const at = (latent: number) => ({ ...request, frames: colours.decodedFrames(latent), height: 32, width: 32 })
        const { answer } = tryWith(memory, at(latentFrames + 1), changes)
        const longest = Array.from({ length: latentFrames }, (_, i) => at(latentFrames - i)).find(
          (shorter) => tryWith(memory, shorter, changes).answer === "made",
        )
        if (answer === "made" || answer.includes("too odd")) return
        const found = /ask for (\d+) frames?\./.exec(answer)?.[1]
        expect(found).toBe(longest === undefined ? undefined : String(longest.frames))
      }),
      { numRuns: 60 },
    )
  })

  it("names tiles where they make it fit, and is made in tiles", () => {
    const decodeCost = (inTiles: boolean): WorldChanges => ({
      vae: {
        decodeCost: (size, wouldBe = false) =>
          Effect.map(colours.decodeCost(size), (cost) =>
            inTiles || wouldBe ? { ...cost, activationBytes: cost.activationBytes / 10 } : cost,
          ),
      },
    })
    const memoryBytes = needed(5, 17, 64, 96) - 100_000
    expect(tryWith(memoryBytes, request, decodeCost(false)).answer).toMatch(/are free: decode in tiles \(`tiling`\)/)
    expect(tryWith(memoryBytes, request, decodeCost(true)).answer).toBe("made")
  })

  it("names a length of the video to start from, which is then made", () => {
    const changes = { denoiser: { patch: { frames: 2, height: 2, width: 2 } } }
    const video = { ...request, frames: 16, video: pictures(16) }
    expect(tryWith(400_000, video, changes).answer).toContain("give a video of 8 frames")
    expect(tryWith(400_000, { ...video, frames: 8, video: pictures(8) }, changes).answer).toBe("made")
  })

  it("names only sizes that the network takes", () => {
    const unsupported = ({ frames }: { readonly frames: number }) =>
      frames === 5 ? undefined : "5 latent frames only."
    expect(tryWith(needed(5, 17, 32, 48), request, { denoiser: { unsupported } }).answer).toMatch(
      /ask for 48×32 pixels\.$/,
    )
  })

  it("asks for memory when no smaller request fits", () => {
    expect(tryWith(1000, request).answer).toContain("free memory, or use a smaller model")
  })

  it("is continued after its last step when only the decoding fits", () => {
    const world = gaussianWorld({
      denoiser: { cost: () => Effect.succeed({ flops: 1, weightBytes: 1e9, activationBytes: 1 }) },
    })
    let last: Checkpoint | undefined
    const keep = generate(request).pipe(
      Stream.runForEach((event) =>
        Effect.sync(() => void (last = event.type === "step-end" ? event.checkpoint : last)),
      ),
    )
    Effect.runSync(Effect.provide(keep, world.layer))
    const continued = resume(last!).pipe(
      Stream.runCollect,
      Effect.provide(world.layer),
      Effect.provideService(Hardware, { memoryBytes: 800_000, speed: Effect.die("measured") }),
    )
    expect(Effect.runSync(continued).map(({ type }) => type)).toEqual([
      "decode-progress",
      "decode-progress",
      "video-end",
    ])
  })
})
