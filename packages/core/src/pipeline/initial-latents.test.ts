import * as Effect from "effect/Effect"
import { describe, expect, it } from "vitest"
import { colours, diffusion, meanOf, normals } from "../../test/gaussian-parts.ts"
import { gaussianWorld, type WorldChanges } from "../../test/gaussian-world.ts"
import { deterministic } from "../../test/small-samplers.ts"
import { climbing, leading } from "../../test/small-starts.ts"
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts"
import type { PredictInput } from "../services/denoiser.ts"
import { PipelineError, RequestError } from "../services/errors.ts"
import { rectifiedFlow } from "../noise/noise-levels.ts"
import type { NoiseProcess } from "../noise/noise-process.ts"
import { generate } from "./generate.ts"
import { resume } from "./resume.ts"
import { Random } from "../random/random.ts"
import type { PipelineRequest, InversionFreeRequest, InversionRequest } from "./pipeline-request.ts"
import { Tensor } from "../tensor/tensor.ts"

const size = [1, 9, 32, 48, 3] as const
/** One colour in each 8×8 pixels and in each latent frame, so that the VAE loses only the rounding. */
const video = ((): InversionRequest["video"] => {
  const random = Random.torch(5)
  const [, frames, height, width, channels] = size
  const latentFrame = (frame: number) => Math.floor((frame + 3) / 4)
  const colour = random.normal(3 * (height / 8) * (width / 8) * channels)
  const data = new Uint8Array(frames * height * width * channels).map((_, i) => {
    const [c, x] = [i % channels, Math.floor(i / channels) % width]
    const [y, t] = [Math.floor(i / channels / width) % height, Math.floor(i / channels / width / height)]
    const at = ((latentFrame(t) * (height / 8) + Math.floor(y / 8)) * (width / 8) + Math.floor(x / 8)) * channels + c
    return Math.min(Math.max(128 + 30 * colour[at]!, 0), 255)
  })
  return Tensor.from("batch frames height width channels", [...size], data, "uint8")
})()

const inverted: InversionRequest = {
  prompt: "fox",
  sourcePrompt: "fox",
  start: "inversion",
  video,
  seed: 4,
  steps: 200,
  guidanceScale: 1,
  strength: 1,
}
const edited: InversionFreeRequest = { ...inverted, start: "inversion-free" }

/** Encodes without noise of its own. */
const exact: WorldChanges["vae"] = {
  encode: (pixels) =>
    Effect.map(colours.encode(pixels), ({ mean, logVariance }) => ({
      mean,
      logVariance: Tensor.from(mean.layout, mean.shape, new Float32Array(logVariance.size).fill(-100)),
    })),
}

const made = async (request: PipelineRequest, changes: WorldChanges = {}) => {
  const events = await gaussianWorld({ vae: exact, ...changes }).events(generate(request))
  return events.findLast((event) => event.type === "step-end")!.latents.values()
}

/** The source's latents: what an edit has made before its first step. */
const sourceLatents = async () => {
  const events = await gaussianWorld({ vae: exact }).events(generate({ ...edited, steps: 1 }))
  return events.find((event) => event.type === "step-end")!.checkpoint.state.history["source"]!.values()
}

/** The network, with what it was asked. */
const recording = () => {
  const inputs: Array<PredictInput> = []
  const predict: typeof normals.predict = (input) => {
    inputs.push(input)
    return normals.predict(input)
  }
  return { inputs, predict }
}

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Math.max(...Array.from(a, (x, i) => Math.abs(x - b[i]!)))

const routes: ReadonlyArray<readonly [string, NoiseProcess, NoiseProcess]> = [
  ["diffusion", diffusion, diffusion],
  ["rectified flow", rectifiedFlow, rectifiedFlow],
  ["diffusion, sampled along rectified flow", diffusion, rectifiedFlow],
  ["rectified flow, sampled along diffusion", rectifiedFlow, diffusion],
]

describe("a start by inversion", () => {
  it.each(routes)("and then sampling gives the source back: climbing %s", async (_, up, down) => {
    const changes = { inversion: climbing(up), sampler: deterministic(down) }
    const source = await sourceLatents()
    const halfway = largestDifference(await made({ ...inverted, steps: 100 }, changes), source)
    const error = largestDifference(await made(inverted, changes), source)
    expect(error).toBeLessThan(0.05)
    // Both ways are of first order.
    expect(error).toBeLessThan(0.6 * halfway)
  })

  it("moves the source by the difference of the two prompts", async () => {
    const source = await sourceLatents()
    const latents = await made({ ...inverted, prompt: "a cat" })
    const shift = meanOf("a cat") - meanOf("fox")
    expect(
      largestDifference(
        latents,
        source.map((x) => x + shift),
      ),
    ).toBeLessThan(0.05)
  })

  it("tells each step of the way up before the first step down", async () => {
    const events = await gaussianWorld().events(generate({ ...inverted, steps: 4, strength: 0.5 }))
    expect(
      events.slice(0, 4).map(({ type, ...event }) => ("done" in event ? [type, event.done, event.total] : type)),
    ).toEqual(["text-end", ["inversion-progress", 1, 2], ["inversion-progress", 2, 2], "step-start"])
  })

  it("asks with the source's prompt and strength on the way up", async () => {
    const world = gaussianWorld()
    await world.events(generate({ ...inverted, steps: 1, guidanceScale: 3, sourcePrompt: "owl" }))
    expect(world.calls.filter((call) => !call.startsWith("decode"))).toEqual([
      'text "fox"',
      'text ""',
      'text "owl"',
      "encode",
      "denoise 1",
      "denoise 2",
    ])
  })

  it("keeps nothing of the network's between its questions, as a level may be asked again", async () => {
    const { inputs, predict } = recording()
    await gaussianWorld({ denoiser: { predict } }).events(generate({ ...inverted, steps: 3 }))
    // Three ways up, and three steps that share one memory.
    expect(new Set(inputs.map(({ state }) => state)).size).toBe(4)
  })

  it("names an inversion that makes numbers that are not finite", async () => {
    const nan = climbing(diffusion)
    const inversion = {
      ...nan,
      step: (...args: Parameters<typeof nan.step>) => {
        const next = nan.step(...args)
        return {
          ...next,
          sample: Tensor.from(next.sample.layout, next.sample.shape, next.sample.values().fill(Number.NaN)),
        }
      },
    }
    const error = await gaussianWorld({ inversion }).error(generate({ ...inverted, steps: 3 }))
    expect(error).toBeInstanceOf(PipelineError)
    expect(error.message).toBe(
      'The inversion "climbing" gave values that are not finite at step 1 of 3 of the inversion: use more steps or another sampler.',
    )
  })
})

describe("a start without inversion", () => {
  it.each(routes.slice(0, 2))("leaves the source as it is under equal prompts: %s", async (_, process) => {
    const source = await sourceLatents()
    expect(await made({ ...edited, steps: 7 }, { sampler: deterministic(process) })).toEqual(source)
  })

  it("moves the source by the difference of the two prompts", async () => {
    const source = await sourceLatents()
    const latents = await made({ ...edited, prompt: "a cat", steps: 400 })
    const shift = meanOf("a cat") - meanOf("fox")
    expect(
      largestDifference(
        latents,
        source.map((x) => x + shift),
      ),
    ).toBeLessThan(0.05)
  })

  it("does the last part of the steps that the strength says", async () => {
    const world = gaussianWorld()
    await world.events(generate({ ...edited, steps: 10, strength: 0.3 }))
    expect(world.calls.filter((call) => call.startsWith("denoise"))).toHaveLength(2 * 3)
  })

  it("tells the network the timesteps of the sampler's own levels", async () => {
    const { inputs, predict } = recording()
    const flow = deterministic(rectifiedFlow)
    const schedule: typeof flow.schedule = (steps) => ({
      levels: flow.schedule(steps).levels.map((level) => ({ ...level, timestep: level.timestep / 2 })),
    })
    const changes = { denoiser: { process: rectifiedFlow, predict }, sampler: { ...flow, schedule } }
    await gaussianWorld(changes).events(generate({ ...edited, steps: 2 }))
    expect(inputs.map(({ level }) => level.timestep)).toEqual([500, 500, 250, 250])
  })

  it("is not resumed from a checkpoint that has lost its source or its editor", async () => {
    const events = await gaussianWorld().events(generate({ ...edited, steps: 3 }))
    const { checkpoint } = events.find((event) => event.type === "step-end")!
    const lost = [
      { ...checkpoint, state: { ...checkpoint.state, history: {} } },
      { ...checkpoint, editor: undefined },
    ]
    for (const damaged of lost) {
      const error = await gaussianWorld().error(resume(damaged))
      expect(error.message).toBe(
        "The checkpoint's edit lacks its editor, its source or its source prompt: it is damaged, start again without it.",
      )
    }
  })

  it("goes on from a checkpoint bit for bit", async () => {
    const request: InversionFreeRequest = { ...edited, prompt: "a cat", steps: 6 }
    const events = await gaussianWorld().events(generate(request))
    const third = events.filter((event) => event.type === "step-end")[2]!
    const checkpoint = decodeCheckpoint(encodeCheckpoint(third.checkpoint))
    const resumed = await gaussianWorld().events(resume(checkpoint))
    const last = (all: typeof events) => all.findLast((event) => event.type === "video-end")!.video.values()
    expect(last(resumed)).toEqual(last(events))
    const other = await gaussianWorld({ editor: { name: "other" } }).error(resume(checkpoint))
    expect(other.message).toContain('editor "leading" and cannot be continued with "other"')
  })

  it("names an editor that throws, or changes the shape", async () => {
    const broken = async (step: typeof leading.step) =>
      (await gaussianWorld({ editor: { step } }).error(generate({ ...edited, steps: 2 }))).message
    const thrown = await broken(() => {
      throw new Error("no room")
    })
    expect(thrown).toBe('The editor "leading" at step 1 of 2 failed: no room')
    const shrunk = await broken(({ edited }) => Effect.succeed(edited.slice("frames", 0, 1).contiguous()))
    expect(shrunk).toContain('The editor "leading" gave latents of [1, 1, 3, 4, 6] for [1, 3, 3, 4, 6]')
  })
})

describe("a start at a video", () => {
  it.each<readonly [string, object, string]>([
    [
      "no source prompt",
      { sourcePrompt: undefined },
      'The start "inversion" needs a source prompt: say what the video shows.',
    ],
    ["no video", { video: undefined }, 'The start "inversion" needs a video to start from: give one.'],
    ["a source prompt for noise", { start: "noise" }, "A source prompt is given, but a start at noise uses none"],
    [
      "a source guidance of NaN",
      { sourceGuidanceScale: Number.NaN },
      "sourceGuidanceScale is NaN; it has to be a number from -1000 to 1000.",
    ],
  ])("is refused with %s", async (_, change, message) => {
    const request = { ...inverted, ...change } as PipelineRequest
    const error = await gaussianWorld().error(generate(request))
    expect(error).toBeInstanceOf(RequestError)
    expect(error.message).toContain(message)
  })
})
