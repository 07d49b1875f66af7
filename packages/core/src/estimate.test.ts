import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { gaussianWorld, type WorldChanges } from "../test/gaussian-world.ts"
import { normals } from "../test/gaussian-parts.ts"
import { twicePerStep } from "../test/small-samplers.ts"
import type { Checkpoint } from "./checkpoint.ts"
import { RequestError } from "./errors.ts"
import { estimate, Hardware } from "./estimate.ts"
import { generate, resume } from "./pipeline.ts"
import type { GenerateRequest } from "./request.ts"
import { Tensor, type Video } from "./tensor.ts"

const request: GenerateRequest = { prompt: "a fox", seed: 1, steps: 5, guidance: 6, frames: 17, height: 64, width: 96 }

const pictures = (frames: number): Video =>
  Tensor.zeros("batch frames height width channels", [1, frames, 64, 96, 3], "uint8")

/** Runs a request with little memory: the message that refuses it, or "made", and what the parts were asked for. */
const tryWith = (memoryBytes: number, asked: GenerateRequest, changes: WorldChanges = {}) => {
  const world = gaussianWorld(changes)
  const result = generate(asked).pipe(
    Stream.runDrain,
    Effect.provide(world.layer),
    Effect.provideService(Hardware, { memoryBytes, flopsPerSecond: 1e9 }),
    Effect.result,
    Effect.runSync,
  )
  return { ...world, answer: Result.isSuccess(result) ? "made" : result.failure.message }
}

describe("estimate", () => {
  const run = (asked: GenerateRequest, changes?: WorldChanges) =>
    estimate(asked).pipe(
      Effect.provide(gaussianWorld(changes).layer),
      Effect.provideService(Hardware, { memoryBytes: 1, flopsPerSecond: 1e9 }),
      Effect.result,
      Effect.runSync,
    )

  it("adds up what the parts say that they cost", () => {
    // 5 latent frames of 8×12: the network runs 5 times for 2 texts, in 1e6 operations a position; the decoder in 2e6.
    const positions = 5 * 8 * 12
    expect(Result.getOrThrow(run(request))).toEqual({
      peakBytes: 2000 + 300 * positions,
      seconds: (2 * 1e6 + 5 * 2 * positions * 1e6 + positions * 2e6) / 1e9,
      stages: [
        { name: "text", bytes: 1500, seconds: 0.002 },
        { name: "denoise", bytes: 4000 + 100 * positions, seconds: 4.8 },
        { name: "decode", bytes: 2000 + 300 * positions, seconds: 0.96 },
      ],
    })
  })

  it("counts one text without guidance, and every time that a sampler asks", () => {
    const changes = { sampler: twicePerStep(normals.process) }
    const { stages } = Result.getOrThrow(run({ ...request, guidance: 1 }, changes))
    expect(stages.map(({ seconds }) => seconds)).toEqual([0.001, 9 * 0.48, 0.96])
  })

  it("counts only the steps that a video to start from leaves", () => {
    const { stages } = Result.getOrThrow(run({ ...request, video: pictures(17), strength: 0.4 }))
    expect(stages[1]).toMatchObject({ name: "denoise", seconds: 2 * 2 * 0.48 })
  })

  it("counts the padding for the network and not for the decoder", () => {
    const changes = { denoiser: { patch: { frames: 2, height: 2, width: 2 } } }
    const { stages } = Result.getOrThrow(run(request, changes))
    expect(stages.map(({ bytes }) => bytes)).toEqual([1500, 4000 + 100 * 6 * 96, 2000 + 300 * 5 * 96])
  })

  it("refuses what generate refuses", () => {
    for (const wrong of [{ steps: 0 }, { frames: 7 }, { prompt: " " }, { height: 65 }]) {
      const asked = { ...request, ...wrong }
      const { answer } = tryWith(1e12, asked)
      expect(answer).not.toBe("made")
      expect(Result.getOrThrow(Result.flip(run(asked)))).toEqual(new RequestError({ message: answer }))
    }
  })
})

describe("a request that does not fit into memory", () => {
  it("is refused before any work, with the part and the numbers", () => {
    const { answer, calls } = tryWith(60_000, request)
    expect(answer).toContain("17 frames of 96×64 need about 0.0 GB of memory (to decode)")
    expect(calls).toEqual([])
  })

  it("is made when it just fits", () => {
    expect(tryWith(2000 + 300 * 480, request).answer).toBe("made")
    expect(tryWith(2000 + 300 * 480 - 1, request).answer).not.toBe("made")
  })

  it.each([
    ["fewer frames", 120_000, {}, "ask for 16 frames", { frames: 16 }],
    ["the fewest frames", 31_000, {}, "ask for 1 frame", { frames: 1 }],
    ["a smaller picture", 20_000, { frames: 1 }, "ask for 64×48 pixels", { width: 64, height: 48 }],
    ["a much smaller picture", 20_000, {}, "ask for 16×16 pixels", { width: 16, height: 16 }],
  ])("names %s, which is then made", (_, memoryBytes, change, mend, mended) => {
    const asked = { ...request, ...change }
    const { answer } = tryWith(memoryBytes, asked)
    expect(answer).toMatch(new RegExp(`are free: ${mend}\\.$`))
    expect(tryWith(memoryBytes, { ...asked, ...mended }).answer).toBe("made")
  })

  it("names a length of the video to start from, which is then made", () => {
    const changes = { denoiser: { patch: { frames: 2, height: 2, width: 2 } } }
    const video = { ...request, frames: 16, video: pictures(16) }
    expect(tryWith(100_000, video, changes).answer).toContain("give a video of 8 frames")
    expect(tryWith(100_000, { ...video, frames: 8, video: pictures(8) }, changes).answer).toBe("made")
  })

  it("names only sizes that the network takes", () => {
    const refuse = ({ frames }: { readonly frames: number }) => (frames === 5 ? undefined : "5 latent frames only.")
    expect(tryWith(60_000, request, { denoiser: { refuse } }).answer).toMatch(/ask for 48×32 pixels\.$/)
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
      Effect.provideService(Hardware, { memoryBytes: 200_000, flopsPerSecond: 1e9 }),
    )
    expect(Effect.runSync(continued).map(({ type }) => type)).toEqual([
      "decode-progress",
      "decode-progress",
      "video-end",
    ])
  })
})
