import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { describe, expect, it } from "vitest"
import { characters } from "../../test/gaussian-parts.ts"
import { gaussianWorld } from "../../test/gaussian-world.ts"
import { PipelineError } from "../services/errors.ts"
import { type Latents, Tensor } from "../tensor/tensor.ts"
import { decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts"
import { generate } from "./generate.ts"
import type { GenerateRequest } from "./pipeline-request.ts"
import { resume } from "./resume.ts"
import type { GenerateEvent, RunOptions, StepChange } from "./run.ts"

const request: GenerateRequest = {
  prompt: "fox",
  seed: 4,
  steps: 4,
  guidanceScale: 3,
  frames: 9,
  height: 16,
  width: 16,
}

const run = (asked: GenerateRequest, options: RunOptions = {}) => gaussianWorld().events(generate(asked, options))
const resultOf = (events: ReadonlyArray<GenerateEvent>) => {
  const end = events.at(-1)!
  return end.type === "video-end" ? [...end.video.values()] : []
}
const stepEnds = (events: ReadonlyArray<GenerateEvent>) =>
  events.flatMap((event) => (event.type === "step-end" ? [event] : []))
const changing = (at: number, change: StepChange): RunOptions => ({
  onStepEnd: ({ index }) => Effect.succeed(index === at ? change : undefined),
})

describe("an event", () => {
  it("can be written into without any effect on the run", async () => {
    const expected = resultOf(await run(request))
    const spoil = (event: GenerateEvent): void => {
      if (event.type === "text-end") event.promptEmbeddings.values().fill(7)
      if (event.type === "decode-progress") event.frames.values().fill(7)
      if (event.type !== "step-end") return
      event.latents.values().fill(7)
      event.checkpoint.state.sample.values().fill(7)
    }
    const spoilt = generate({ ...request, previewEvery: 2 }).pipe(
      Stream.tap((event) => Effect.sync(() => spoil(event))),
    )
    expect(resultOf(await gaussianWorld().events(spoilt))).toEqual(expected)
  })

  it("gives the seconds of each step, and the embeddings of the prompts", async () => {
    const events = await run(request)
    expect(stepEnds(events).every(({ seconds }) => seconds >= 0)).toBe(true)
    const fox = (await Effect.runPromise(characters.encode("fox"))).embeddings
    expect(events[0]).toMatchObject({ type: "text-end", promptEmbeddings: fox })
    expect((await run({ ...request, guidanceScale: 1 }))[0]).toMatchObject({ negativePromptEmbeddings: undefined })
  })
})

describe("onStepEnd", () => {
  it("changes latents, from which the run goes on and is resumed", async () => {
    const unguided = { ...request, guidanceScale: 1 }
    const latents: Latents = stepEnds(await run({ ...unguided, seed: 9 }))[1]!.latents
    const events = await run(unguided, changing(1, { latents }))
    expect(resultOf(events)).not.toEqual(resultOf(await run(unguided)))
    expect(stepEnds(events)[1]!.latents).toEqual(latents)
    const saved = decodeCheckpoint(encodeCheckpoint(stepEnds(events)[1]!.checkpoint))
    expect(resultOf(await gaussianWorld().events(resume(saved)))).toEqual(resultOf(events))
  })

  it("changes the scale of guidance, also from none, and the checkpoint keeps it", async () => {
    const world = gaussianWorld()
    const unguided = { ...request, guidanceScale: 1 }
    const events = await world.events(generate(unguided, changing(1, { guidanceScale: 5 })))
    expect(world.calls.filter((call) => call !== "decode 3")).toEqual([
      'text "fox"',
      "denoise 1",
      "denoise 1",
      'text ""',
      "denoise 2",
      "denoise 2",
    ])
    const [, second] = stepEnds(events)
    expect(second!.checkpoint.request.guidanceScale).toBe(5)
    const saved = decodeCheckpoint(encodeCheckpoint(second!.checkpoint))
    expect(resultOf(await gaussianWorld().events(resume(saved)))).toEqual(resultOf(events))
  })

  it("is told each step, and sees copies", async () => {
    const seen: Array<readonly [number, number, number]> = []
    const events = await run(request, {
      onStepEnd: ({ index, total, guidanceScale, latents }) =>
        Effect.sync(() => {
          seen.push([index, total, guidanceScale])
          latents.values().fill(0)
        }),
    })
    expect(seen).toEqual([0, 1, 2, 3].map((index) => [index, 4, 3]))
    expect(resultOf(events)).toEqual(resultOf(await run(request)))
  })

  it("is refused latents of another shape, or with NaN, and its own error ends the run", async () => {
    const shape = [1, 1, 3, 2, 2] as const
    const small = Tensor.zeros("batch frames channels height width", shape)
    const world = gaussianWorld()
    const error = await world.error(generate(request, changing(0, { latents: small })))
    expect(error).toBeInstanceOf(PipelineError)
    expect(error.message).toContain("onStepEnd gave latents of [1, 1, 3, 2, 2] for [1, 3, 3, 2, 2] at step 1 of 4")
    const own = new PipelineError({ message: "Enough." })
    const failing = generate(request, { onStepEnd: () => Effect.fail(own) })
    expect(await gaussianWorld().error(failing)).toBe(own)
  })
})

describe("embeddings of one's own", () => {
  const encode = async (text: string) => (await Effect.runPromise(characters.encode(text))).embeddings

  it("take the place of the prompts', and a checkpoint keeps them", async () => {
    const given = { promptEmbeddings: await encode("fox"), negativePromptEmbeddings: await encode("cat") }
    const world = gaussianWorld()
    const events = await world.events(generate({ ...request, prompt: "", ...given }))
    expect(world.calls.some((call) => call.startsWith("text"))).toBe(false)
    expect(resultOf(events)).toEqual(resultOf(await run({ ...request, negativePrompt: "cat" })))
    const saved = decodeCheckpoint(encodeCheckpoint(stepEnds(events)[1]!.checkpoint))
    expect(resultOf(await gaussianWorld().events(resume(saved)))).toEqual(resultOf(events))
  })
})

describe("timesteps of one's own", () => {
  it("are the levels of the run, whose checkpoint keeps them", async () => {
    const events = await run({ ...request, steps: undefined as never, timesteps: [999, 700, 100] })
    expect(stepEnds(events)).toHaveLength(3)
    const own = await run({ ...request, steps: 4, timesteps: [999, 749, 500, 250] })
    expect(stepEnds(own)).toHaveLength(4)
    const saved = decodeCheckpoint(encodeCheckpoint(stepEnds(events)[0]!.checkpoint))
    expect(saved.request.timesteps).toEqual([999, 700, 100])
    expect(resultOf(await gaussianWorld().events(resume(saved)))).toEqual(resultOf(events))
  })

  it.each([
    [{ timesteps: [999], sigmas: [1] }, "timesteps and sigmas are both given: give one of them."],
    [{ timesteps: [999, 1] }, "steps is 4, but timesteps has 2 entries: leave steps out."],
    [{ timesteps: [] }, "timesteps is a list; it has to be a list of 1 to 1000 numbers."],
    [{ steps: 1, sigmas: [0] }, "sigmas holds 0: give numbers above 0, up to 1."],
    [{ steps: 2, timesteps: [5, 5] }, "timesteps does not fall at its entry 1, which is timestep 5 after 5"],
  ])("are refused where they cannot be: %o", async (change, message) => {
    const error = await gaussianWorld().error(generate({ ...request, ...change }))
    expect(error).toMatchObject({ _tag: "RequestError", message: expect.stringContaining(message) as string })
  })
})

describe("a run under a tracer", () => {
  it("has a span for each stage and step", async () => {
    const names: Array<string> = []
    const tracer = Tracer.make({
      span: (options) => {
        names.push(options.name)
        return new Tracer.NativeSpan(options)
      },
    })
    const traced = Stream.runDrain(generate({ ...request, steps: 2 })).pipe(
      Effect.provide(Layer.merge(gaussianWorld().layer, Layer.succeed(Tracer.Tracer, tracer))),
    )
    await Effect.runPromise(traced)
    expect(names).toEqual(["auteur.generate", "auteur.text", "auteur.step", "auteur.step", "auteur.decode"])
  })
})
