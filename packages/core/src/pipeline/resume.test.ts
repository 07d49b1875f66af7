import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { diffusion, normals } from "../../test/gaussian-parts.ts"
import { gaussianWorld, type WorldChanges } from "../../test/gaussian-world.ts"
import { deterministic, stochasticMultistep, twicePerStep } from "../../test/small-samplers.ts"
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts"
import { CheckpointError, RequestError } from "../services/errors.ts"
import type { GenerateEvent } from "./run.ts"
import { rectifiedFlow } from "../noise/noise-levels.ts"
import { generate } from "./generate.ts"
import { resume } from "./resume.ts"
import type { GenerateRequest } from "./pipeline-request.ts"
import { Tensor, type Video } from "../tensor/tensor.ts"

const request: GenerateRequest = { prompt: "fox", seed: 4, steps: 5, guidanceScale: 3, negativePrompt: "cat" }

/** Another size than the trained one, so that nothing comes out right by default. */
const videoOf = (frames: number): Video =>
  Tensor.from(
    "batch frames height width channels",
    [1, frames, 16, 32, 3],
    Uint8Array.from({ length: frames * 16 * 32 * 3 }, (_, i) => i % 251),
    "uint8",
  )

const samplers = [
  ["a deterministic sampler", deterministic(diffusion)],
  ["a stochastic multistep sampler", stochasticMultistep(diffusion)],
  ["a stochastic sampler in other coordinates", stochasticMultistep(rectifiedFlow)],
  ["a sampler that asks twice in a step", twicePerStep(diffusion)],
] as const

const starts: ReadonlyArray<readonly [string, Partial<GenerateRequest>, WorldChanges]> = [
  ["text", {}, {}],
  ["text with padding", { frames: 17 }, { denoiser: { patch: { frames: 2, height: 2, width: 2 } } }],
  ["an image", { image: videoOf(1) }, { denoiser: { imageConditioned: true } }],
  ["a video", { video: videoOf(17), strength: 0.6 }, {}],
]

const cases = samplers.flatMap(([name, sampler]) =>
  starts.map(([start, change, changes]) => [name, start, change, { ...changes, sampler }] as const),
)

/** Each event as text, its tensors to the last bit. */
const bitsOf = (events: ReadonlyArray<GenerateEvent>): ReadonlyArray<string> =>
  events.map((event) =>
    JSON.stringify(event, (_, value: unknown) => {
      if (ArrayBuffer.isView(value))
        return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString("hex")
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value
      return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)))
    }),
  )

const checkpointsOf = async (asked: GenerateRequest, changes: WorldChanges = {}): Promise<Array<Checkpoint>> => {
  const events = await gaussianWorld(changes).events(generate(asked))
  return events.flatMap((event) => (event.type === "step-end" ? [event.checkpoint] : []))
}

describe("resume", () => {
  it.each(cases)("continues %s from %s bit for bit after every step", async (_name, _start, change, changes) => {
    const events = await gaussianWorld(changes).events(generate({ ...request, previewEvery: 2, ...change }))
    const ends = events.flatMap((event, at) => (event.type === "step-end" ? [{ at, event }] : []))
    expect(ends.length).toBeGreaterThan(2)
    for (const { at, event } of ends) {
      const saved = decodeCheckpoint(encodeCheckpoint(event.checkpoint))
      const continued = await gaussianWorld(changes).events(resume(saved))
      // A preview of the step that is done is not shown again.
      const left = events.slice(events[at + 1]!.type === "preview" ? at + 2 : at + 1)
      expect(bitsOf(continued)).toEqual(bitsOf(event.index + 1 < event.total ? [events[0]!, ...left] : left))
    }
  })

  it("needs the hash of the model, where it is told one, and then not its name", async () => {
    const named = (name: string) => gaussianWorld({ denoiser: { name } })
    const events = await named("first").events(generate(request, { modelHash: "5eed" }))
    const saved = events.find((event) => event.type === "step-end")!.checkpoint
    const checkpoint = decodeCheckpoint(encodeCheckpoint(saved))
    const renamed = await named("second").events(resume(checkpoint, { modelHash: "5eed" }))
    expect(renamed.at(-1)).toEqual(events.at(-1))
    const other = await named("first").error(resume(checkpoint, { modelHash: "0dd" }))
    expect(other).toBeInstanceOf(CheckpointError)
    expect(other.message).toBe(
      'The checkpoint was made with the model "first", and the model "first" has other weights: choose the same model.',
    )
    expect((await named("second").error(resume(checkpoint))).message).toContain('cannot be continued with "second"')
  })

  it("only decodes after the last step", async () => {
    const world = gaussianWorld()
    const checkpoints = await checkpointsOf(request)
    const events = await world.events(resume(checkpoints.at(-1)!))
    expect(events.map(({ type }) => type)).toEqual(["decode-progress", "video-end"])
    expect(world.calls).toEqual(["decode 3"])
  })

  it("does only the steps that are left", async () => {
    const world = gaussianWorld()
    const checkpoints = await checkpointsOf(request)
    await world.events(resume(checkpoints[2]!))
    expect(world.calls).toEqual(['text "fox"', 'text "cat"', "denoise 2", "denoise 2", "decode 3"])
  })

  it("continues from a checkpoint that is older than the last", async () => {
    const [first] = await checkpointsOf(request)
    const world = gaussianWorld()
    const events = await world.events(resume(first!).pipe(Stream.take(5)))
    const again = events.findLast((event) => event.type === "step-end")!.checkpoint
    const [whole, twiceResumed] = [await world.events(generate(request)), await world.events(resume(again))]
    expect(twiceResumed.at(-1)).toEqual(whole.at(-1))
  })
})

describe("a checkpoint", () => {
  it("holds no pictures, but the lengths that they gave", async () => {
    const [fromVideo] = await checkpointsOf({ ...request, video: videoOf(17) })
    expect(fromVideo!.request).toEqual({ ...request, frames: 17, height: 16, width: 32 })
    const [fromImage] = await checkpointsOf({ ...request, image: videoOf(1) }, { denoiser: { imageConditioned: true } })
    expect(fromImage!.request).toEqual({ ...request, frames: 9, height: 16, width: 32 })
  })

  const refusal = async (change: (checkpoint: Checkpoint) => Checkpoint, changes: WorldChanges = {}) => {
    const checkpoints = await checkpointsOf(request)
    const world = gaussianWorld(changes)
    const error = await world.error(resume(change(checkpoints[1]!)))
    expect(world.calls).toEqual([])
    return error
  }
  const unchanged = (checkpoint: Checkpoint): Checkpoint => checkpoint

  it.each<readonly [string, WorldChanges, message: string]>([
    [
      "model",
      { denoiser: { name: "other" } },
      'The checkpoint was made with the model "normals" and cannot be continued with "other": choose the same model.',
    ],
    [
      "sampler",
      { sampler: stochasticMultistep(diffusion) },
      'The checkpoint was made with the sampler "deterministic" and cannot be continued with "stochastic-multistep": choose the same sampler.',
    ],
    [
      "guidance",
      { guidance: { name: "dynamic" } },
      'The checkpoint was made with the guidance "classifier-free" and cannot be continued with "dynamic": choose the same guidance.',
    ],
  ])("is refused with another %s", async (_, changes, message) => {
    const error = await refusal(unchanged, changes)
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error.message).toBe(message)
  })

  it.each<readonly [string, (checkpoint: Checkpoint) => Checkpoint, message: string]>([
    [
      "latents of another size than its request",
      (checkpoint) => ({ ...checkpoint, request: { ...checkpoint.request, frames: 17 } }),
      "The checkpoint's latents are [1, 3, 3, 4, 6], but its request needs [1, 5, 3, 4, 6]: it is damaged",
    ],
    [
      "latents of other channels than the VAE's",
      ({ state, ...rest }) => ({
        ...rest,
        state: { ...state, sample: Tensor.zeros("batch frames channels height width", [1, 3, 16, 4, 6]) },
      }),
      "The checkpoint's latents are [1, 3, 16, 4, 6], but its request needs [1, 3, 3, 4, 6]: it is damaged",
    ],
    [
      "a place beyond the last",
      ({ state, ...rest }) => ({ ...rest, state: { ...state, index: 6 } }),
      "The checkpoint's step is 6 of a run that began at step 0, but its request has the steps 0 to 5: it is damaged",
    ],
    [
      "a place before its beginning",
      ({ state, ...rest }) => ({ ...rest, state: { ...state, beginIndex: 4 } }),
      "The checkpoint's step is 2 of a run that began at step 4",
    ],
    [
      "an image that the model does not take",
      (checkpoint) => ({ ...checkpoint, image: checkpoint.state.sample }),
      "The checkpoint's image latents are there, which normals does not take: it is damaged",
    ],
    [
      "a random state that is none",
      (checkpoint) => ({ ...checkpoint, random: { ...checkpoint.random, next: 700 } }),
      "The checkpoint's random state is odd: it is damaged",
    ],
  ])("is refused with %s", async (_, change, message) => {
    const error = await refusal(change)
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error.message).toContain(message)
  })

  it("is refused without the image that the model needs", async () => {
    const error = await refusal(unchanged, { denoiser: { ...normals, imageConditioned: true } })
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error.message).toContain("The checkpoint's image latents are missing, which normals needs")
  })

  it("is refused with a request that cannot be made", async () => {
    const error = await refusal((checkpoint) => ({ ...checkpoint, request: { ...checkpoint.request, steps: 0 } }))
    expect(error).toBeInstanceOf(RequestError)
  })
})
