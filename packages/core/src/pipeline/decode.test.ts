import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { colours } from "../../test/gaussian-parts.ts"
import { gaussianWorld, type WorldChanges } from "../../test/gaussian-world.ts"
import { EngineError, PipelineError } from "../services/errors.ts"
import { generate } from "./generate.ts"
import { toVideo } from "./pixels.ts"
import type { GenerateRequest } from "./pipeline-request.ts"
import { Tensor } from "../tensor/tensor.ts"
import { concat, linearCombination } from "../tensor/tensor-arithmetic.ts"

const request: GenerateRequest = {
  prompt: "fox",
  seed: 4,
  steps: 5,
  guidanceScale: 1,
  frames: 17,
  height: 16,
  width: 32,
}

describe("decoding", () => {
  it("tells of each chunk as it comes, and joins them", async () => {
    const events = await gaussianWorld().events(generate(request))
    const progress = events.filter((event) => event.type === "decode-progress")
    expect(progress.map(({ done, total }) => [done, total])).toEqual([
      [9, 17],
      [17, 17],
    ])
    for (const { frames, pixels } of progress) expect(frames).toEqual(toVideo(pixels))
    const last = events.at(-1)
    expect(last).toEqual({
      type: "video-end",
      video: concat(
        "frames",
        progress.map(({ frames }) => frames),
      ),
    })
    expect(progress[0]!.frames.shape).toEqual([1, 9, 16, 32, 3])
  })

  it("decodes what the last step left, in colours", async () => {
    const events = await gaussianWorld().events(generate(request))
    const latents = events.findLast((event) => event.type === "step-end")!.latents
    const { video } = events.findLast((event) => event.type === "video-end")!
    const red = latents.values()[0]! / colours.scalingFactor
    expect(video.values()[0]).toBe(Math.round(Math.min(Math.max(red / 2 + 0.5, 0), 1) * 255))
  })

  it("leaves out the latent frames that only fill up a pair", async () => {
    const world = gaussianWorld({ denoiser: { patch: { frames: 2, height: 2, width: 2 } } })
    const events = await world.events(generate(request))
    const latents = events.findLast((event) => event.type === "step-end")!.latents
    expect(latents.length("frames")).toBe(6)
    expect(world.calls.at(-1)).toBe("decode 5")
    const pixels = events.find((event) => event.type === "decode-progress")!.pixels
    const first = latents.slice("frames", 1, 2).contiguous()
    const [expected] = await Effect.runPromise(Stream.runCollect(colours.decode(first)))
    expect(pixels.slice("frames", 0, 1).contiguous()).toEqual(expected)
  })
})

describe("a preview", () => {
  it("is the first frame of the network's clean estimate, after every so many steps but the last", async () => {
    const world = gaussianWorld({ denoiser: { patch: { frames: 2, height: 2, width: 2 } } })
    const events = await world.events(generate({ ...request, steps: 6, previewEvery: 2 }))
    const previews = events.filter((event) => event.type === "preview")
    expect(previews.map(({ index }) => index)).toEqual([1, 3])
    for (const { image } of previews) expect(image.shape).toEqual([1, 1, 16, 32, 3])
    expect(world.calls.filter((call) => call === "decode 1").length).toBe(2)
    expect(events.map(({ type }) => type).join()).toContain("step-end,preview,step-start")
  })

  it("shows the estimate that the step was made from", async () => {
    // At the last preview of a long run the estimate is nearly the result.
    const events = await gaussianWorld().events(generate({ ...request, steps: 200, previewEvery: 199 }))
    const [preview, result] = [events.find(({ type }) => type === "preview")!, events.at(-1)!]
    const shown = "image" in preview ? preview.image.values() : []
    const made = "video" in result ? result.video.slice("frames", 0, 1).contiguous().values() : []
    expect(shown.length).toBe(16 * 32 * 3)
    expect(Math.max(...Array.from(shown, (value, i) => Math.abs(value - made[i]!)))).toBeLessThan(8)
  })

  it("comes after the checkpoint of its step is out", async () => {
    const world = gaussianWorld()
    const events = await world.events(generate({ ...request, previewEvery: 1 }).pipe(Stream.take(3)))
    expect(events.map(({ type }) => type)).toEqual(["text-end", "step-start", "step-end"])
    expect(world.calls).not.toContain("decode 1")
  })
})

describe("a VAE's decoder", () => {
  const failing = (decode: (typeof colours)["decode"]): WorldChanges => ({ vae: { decode } })
  const nan = failing((latents) =>
    Stream.map(colours.decode(latents), (pixels) => linearCombination([[Number.NaN, pixels]])),
  )
  const broken = failing(() =>
    Stream.sync(() => {
      throw new Error("no kernel")
    }),
  )
  const short = failing((latents) => Stream.take(colours.decode(latents), 1))
  const empty = failing(() => Stream.empty)
  const gray = failing((latents) =>
    Stream.map(colours.decode(latents), (pixels) =>
      Tensor.from(pixels.layout, [1, 1, 1, 1, pixels.size], pixels.values()),
    ),
  )

  it.each<readonly [string, WorldChanges, message: string]>([
    ["NaN", nan, "The VAE's decoder gave frames with values that are not numbers"],
    ["an exception", broken, "The VAE's decoder failed: no kernel"],
    ["too few frames", short, "The VAE's decoder gave 9 frames, but 17 are needed"],
    ["no frames", empty, "The VAE's decoder gave 0 frames, but 17 are needed"],
    ["another size", gray, "The VAE's decoder"],
  ])("ends the run for %s, and is named", async (_, changes, message) => {
    const error = await gaussianWorld(changes).error(generate(request))
    expect(error).toBeInstanceOf(PipelineError)
    expect(error.message).toContain(message)
  })

  it.each<readonly [string, WorldChanges, message: string]>([
    ["NaN", nan, "The VAE's decoder gave frames with values that are not numbers"],
    ["an exception", broken, "The VAE's decoder failed: no kernel"],
    ["no frames", empty, "The VAE's decoder gave no frame for the preview"],
  ])("is named for %s in a preview too", async (_, changes, message) => {
    const error = await gaussianWorld(changes).error(generate({ ...request, previewEvery: 1 }))
    expect(error).toBeInstanceOf(PipelineError)
    expect(error.message).toContain(message)
  })

  it("passes its own error on", async () => {
    const failure = new EngineError({ message: "The engine has stopped." })
    const error = await gaussianWorld(failing(() => Stream.fail(failure))).error(generate(request))
    expect(error).toBe(failure)
  })
})
