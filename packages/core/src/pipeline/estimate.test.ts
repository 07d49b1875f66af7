import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import { describe, expect, it } from "vitest"
import { gaussianWorld, type WorldChanges } from "../../test/gaussian-world.ts"
import { normals } from "../../test/gaussian-parts.ts"
import { twicePerStep } from "../../test/small-samplers.ts"
import { RequestError } from "../services/errors.ts"
import { estimate } from "./estimate.ts"
import { Hardware, type HardwareShape, type Speed } from "../services/hardware.ts"
import { generate } from "./generate.ts"
import type { PipelineRequest, GenerateRequest } from "./pipeline-request.ts"
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

/** Counts nothing but operations. */
const speed: Speed = {
  flopsPerSecond: 1e9,
  attentionFlopsPerSecond: 1e9,
  columnBytesPerSecond: Number.POSITIVE_INFINITY,
  bytesPerSecond: Number.POSITIVE_INFINITY,
  secondsPerOperator: 0,
  loadBytesPerSecond: Number.POSITIVE_INFINITY,
  secondsPerBuiltOperator: 0,
  startSeconds: 0,
}

const pictures = (frames: number): Video =>
  Tensor.zeros("batch frames height width channels", [1, frames, 64, 96, 3], "uint8")

describe("estimate", () => {
  const run = (asked: PipelineRequest, changes?: WorldChanges, hardware: Partial<HardwareShape> = {}) =>
    estimate(asked).pipe(
      Effect.provide(gaussianWorld(changes).layer),
      Effect.provideService(Hardware, { memoryBytes: 1, speed: Effect.succeed(speed), ...hardware }),
      Effect.result,
      Effect.runSync,
    )

  it("adds up what the parts say that they cost", () => {
    // 5 latent frames of 8×12: the network runs 5 times for 2 texts, in 1e6 operations a position; the decoder in 2e6.
    // Weights of 1000, 4000 and 2000 bytes stay, and the decoder's frames are there twice.
    const positions = 5 * 8 * 12
    const peakBytes = 1000 + 4000 + 2000 + 300 * positions + 2 * 17 * 64 * 96 * 3
    expect(Result.getOrThrow(run(request))).toEqual({
      peakBytes,
      seconds: (2 * 1e6 + 5 * 2 * positions * 1e6 + positions * 2e6) / 1e9,
      stages: [
        { name: "load", bytes: 1500, seconds: 0 },
        { name: "text", bytes: 1500, seconds: 0.002 },
        { name: "denoise", bytes: 1000 + 4000 + 100 * positions, seconds: 4.8 },
        { name: "decode", bytes: peakBytes, seconds: 0.96 },
      ],
    })
  })

  it("counts each question of an inversion and of an edit", () => {
    const video = pictures(17)
    const base = { ...request, video, sourcePrompt: "a cat", guidanceScale: 1, strength: 0.6 }
    const times = (asked: PipelineRequest) =>
      Result.getOrThrow(run(asked)).stages.map(({ name, seconds }) => [name, Math.round((seconds * 1e9) / (480 * 1e6))])
    // 3 of 5 steps; the way up visits as many levels.
    expect(times({ ...base, start: "inversion" })).toContainEqual(["invert", 3])
    expect(times({ ...base, start: "inversion" })).toContainEqual(["denoise", 3])
    expect(times({ ...base, start: "inversion-free" })).toContainEqual(["denoise", 6])
    expect(times({ ...base, start: "inversion", sourceGuidanceScale: 3 })).toContainEqual(["invert", 6])
    expect(times({ ...base, start: "inversion-free", sourceGuidanceScale: 3 })).toContainEqual(["denoise", 12])
  })

  it("counts what sessions keep for the next run", () => {
    const text = { cost: Effect.succeed({ flops: 0, weightBytes: 1000, activationBytes: 500, keptBytes: 300 }) }
    const { stages } = Result.getOrThrow(run(request, { text }))
    expect(stages.map(({ bytes }) => bytes).slice(1, 3)).toEqual([1500, 1300 + 4000 + 100 * 480])
  })

  it("counts what the engine itself takes", () => {
    const [without, with5] = [run(request), run(request, {}, { runtimeBytes: 5 })].map(Result.getOrThrow)
    expect(with5!.stages.map(({ bytes }) => bytes - 5)).toEqual(without!.stages.map(({ bytes }) => bytes))
  })

  it("lets the sessions used longest ago make way when idle ones may not keep more", () => {
    const decode = 2000 + 300 * 480
    const bytes = (sessionBytes: number) => Result.getOrThrow(run(request, {}, { sessionBytes })).stages.at(-1)!.bytes
    const video = 2 * 17 * 64 * 96 * 3
    expect(bytes(decode + 5000)).toBe(decode + 5000 + video)
    expect(bytes(decode + 4999)).toBe(decode + 4000 + video)
    expect(bytes(decode + 3999)).toBe(decode + video)
    expect(bytes(1)).toBe(decode + video)
  })

  it("adds the encoding of what a video or an image is made from", () => {
    const named = (asked: GenerateRequest, changes?: WorldChanges) =>
      Result.getOrThrow(run(asked, changes)).stages.find(({ name }) => name === "encode")
    expect(named(request)).toBeUndefined()
    // The encoder takes 1e4 operations and a byte a pixel, and 1000 bytes of weights beside those of the text encoder.
    const video = 17 * 64 * 96
    expect(named({ ...request, video: pictures(17) })).toEqual({
      name: "encode",
      bytes: 2000 + video,
      seconds: video / 1e5,
    })
    const image = 64 * 96
    const changes = { denoiser: { imageConditioned: true } }
    expect(named({ ...request, image: pictures(1) }, changes)).toMatchObject({
      bytes: 2000 + image,
      seconds: image / 1e5,
    })
  })

  it("counts the time of each kind of work by its own rate, and of the sessions once", () => {
    const cost = {
      flops: 5,
      attentionFlops: 2,
      columnBytes: 3,
      bytesMoved: 4,
      operators: 5,
      builtOperators: 6,
      loadedBytes: 7,
      weightBytes: 0,
      activationBytes: 0,
    }
    const rates: Speed = {
      flopsPerSecond: 1 / 10,
      attentionFlopsPerSecond: 1 / 100,
      columnBytesPerSecond: 1 / 1000,
      bytesPerSecond: 1e-4,
      secondsPerOperator: 1e5,
      loadBytesPerSecond: 1e-6,
      secondsPerBuiltOperator: 1e7,
      startSeconds: 1e9,
    }
    const nothing = { flops: 0, weightBytes: 0, activationBytes: 0 }
    const changes: WorldChanges = {
      text: { cost: Effect.succeed(cost) },
      denoiser: { cost: () => Effect.succeed(nothing) },
      vae: { decodeCost: () => Effect.succeed(nothing) },
    }
    const { stages, seconds } = Result.getOrThrow(run(request, changes, { speed: Effect.succeed(rates) }))
    expect(stages[0]!.seconds).toBe(1e9 + 6e7 + 7e6)
    expect(stages[1]!.seconds).toBe(2 * 543_230)
    expect(seconds).toBe(1e9 + 6e7 + 7e6 + 2 * 543_230)
  })

  it("counts one text without guidance, and every time that a sampler asks", () => {
    const changes = { sampler: twicePerStep(normals.process) }
    const { stages } = Result.getOrThrow(run({ ...request, guidanceScale: 1 }, changes))
    expect(stages.slice(1).map(({ seconds }) => seconds)).toEqual([0.001, 9 * 0.48, 0.96])
  })

  it("counts only the steps that a video to start from leaves", () => {
    const { stages } = Result.getOrThrow(run({ ...request, video: pictures(17), strength: 0.4 }))
    expect(stages[3]).toMatchObject({ name: "denoise", seconds: 2 * 2 * 0.48 })
  })

  it("counts the padding for the network and not for the decoder", () => {
    const changes = { denoiser: { patch: { frames: 2, height: 2, width: 2 } } }
    const { stages } = Result.getOrThrow(run(request, changes))
    const video = 2 * 17 * 64 * 96 * 3
    const expected = [1500, 5000 + 100 * 6 * 96, 7000 + 300 * 5 * 96 + video]
    expect(stages.slice(1).map(({ bytes }) => bytes)).toEqual(expected)
  })

  it("refuses what generate refuses", async () => {
    for (const wrong of [{ steps: 0 }, { frames: 7 }, { prompt: " " }, { height: 65 }]) {
      const asked = { ...request, ...wrong }
      const refused = await gaussianWorld().error(generate(asked))
      expect(refused).toBeInstanceOf(RequestError)
      expect(Result.getOrThrow(Result.flip(run(asked)))).toEqual(refused)
    }
  })
})
