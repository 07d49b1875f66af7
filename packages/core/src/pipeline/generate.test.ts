import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { diffusion, normals } from "../../test/gaussian-parts.ts"
import { gaussianWorld } from "../../test/gaussian-world.ts"
import type { DenoiserShape } from "../services/denoiser.ts"
import type { GenerateEvent } from "./run.ts"
import { generate } from "./generate.ts"
import type { GenerateRequest } from "./pipeline-request.ts"
import { Tensor, type Video } from "../tensor/tensor.ts"

const request: GenerateRequest = {
  prompt: "fox",
  seed: 4,
  steps: 3,
  guidanceScale: 1,
  frames: 17,
  height: 32,
  width: 16,
}

const image = Tensor.zeros("batch frames height width channels", [1, 1, 32, 16, 3], "uint8")
const video = Tensor.zeros("batch frames height width channels", [1, 17, 32, 16, 3], "uint8")

const types = (events: ReadonlyArray<GenerateEvent>): ReadonlyArray<string> => events.map(({ type }) => type)

describe("generate", () => {
  it("runs the example of its documentation", async () => {
    const parts = gaussianWorld().layer

    const made = await generate({ prompt: "a fox runs", seed: 7, steps: 4, guidanceScale: 1 }).pipe(
      Stream.runFold(
        () => undefined as Video | undefined,
        (video, event) => (event.type === "video-end" ? event.video : video),
      ),
      Effect.provide(parts), // the layers of a model, a sampler and a guidance
      Effect.runPromise,
    )

    expect(made!.shape).toEqual([1, 9, 32, 48, 3])
  })

  it("tells of the text, of each step, of previews, of each chunk of frames, and of the video, in this order", async () => {
    const events = await gaussianWorld().events(generate({ ...request, previewEvery: 1 }))
    expect(types(events)).toEqual([
      "text-end",
      "step-start",
      "step-end",
      "preview",
      "step-start",
      "step-end",
      "preview",
      "step-start",
      "step-end",
      "decode-progress",
      "decode-progress",
      "video-end",
    ])
    const places = events.flatMap((event) => ("total" in event && "index" in event ? [[event.index, event.total]] : []))
    expect(places).toEqual([0, 0, 1, 1, 2, 2].map((index) => [index, 3]))
  })

  it("asks the parts in this order: texts, pictures, network, decoder", async () => {
    const guided = gaussianWorld()
    await guided.events(generate({ ...request, guidanceScale: 6, negativePrompt: "cat" }))
    expect(guided.calls).toEqual(['text "fox"', 'text "cat"', "denoise 2", "denoise 2", "denoise 2", "decode 5"])

    const withImage = gaussianWorld({ denoiser: { imageConditioned: true } })
    await withImage.events(generate({ ...request, image }))
    expect(withImage.calls.slice(0, 3)).toEqual(['text "fox"', "encode", "denoise 1"])

    const withVideo = gaussianWorld()
    await withVideo.events(generate({ ...request, video }))
    expect(withVideo.calls).toEqual(['text "fox"', "encode", "denoise 1", "denoise 1", "decode 5"])
  })

  it("encodes the negative prompt, empty by default, only when the guidance needs it", async () => {
    const unguided = gaussianWorld()
    await unguided.events(generate({ ...request, guidanceScale: 1, negativePrompt: "cat" }))
    expect(unguided.calls).toEqual(['text "fox"', "denoise 1", "denoise 1", "denoise 1", "decode 5"])
    const byDefault = gaussianWorld()
    await byDefault.events(generate({ ...request, guidanceScale: 6 }).pipe(Stream.take(1)))
    expect(byDefault.calls).toEqual(['text "fox"', 'text ""'])
  })

  it("tells what part of the prompt did not fit", async () => {
    const [first] = await gaussianWorld().events(generate({ ...request, prompt: "a fox runs through the snow" }))
    expect(first).toMatchObject({ type: "text-end", truncated: "gh the snow" })
    expect((await gaussianWorld().events(generate(request)))[0]).toMatchObject({ truncated: undefined })
  })

  it("gives the same video for the same seed, another for another, and can be run again", async () => {
    const world = gaussianWorld()
    const run = generate(request)
    const [first, again] = [await world.events(run), await world.events(run)]
    expect(again).toEqual(first)
    const other = await world.events(generate({ ...request, seed: 5 }))
    expect(other.at(-1)).not.toEqual(first.at(-1))
  })

  it("asks nothing before it is run", async () => {
    const world = gaussianWorld()
    const events = Stream.provide(generate(request), world.layer)
    expect(world.calls).toEqual([])
    await Effect.runPromise(Stream.runDrain(Stream.take(events, 1)))
    expect(world.calls).toEqual(['text "fox"'])
  })
})

describe("a consumer of the events", () => {
  it("gets each before the work that comes after it is done", async () => {
    const world = gaussianWorld()
    const seen: Array<readonly [string, number]> = []
    await world.events(
      generate(request).pipe(Stream.tap(({ type }) => Effect.sync(() => seen.push([type, world.calls.length])))),
    )
    // With one call for the text, one for each step and one for the decoder.
    expect(seen).toEqual([
      ["text-end", 1],
      ["step-start", 1],
      ["step-end", 2],
      ["step-start", 2],
      ["step-end", 3],
      ["step-start", 3],
      ["step-end", 4],
      ["decode-progress", 5],
      ["decode-progress", 5],
      ["video-end", 5],
    ])
  })

  it("stops the work by not pulling any more", async () => {
    const world = gaussianWorld()
    expect(types(await world.events(generate(request).pipe(Stream.take(2))))).toEqual(["text-end", "step-start"])
    expect(world.calls).toEqual(['text "fox"'])
    await world.events(generate(request).pipe(Stream.takeUntil(({ type }) => type === "step-end")))
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(world.calls).toEqual(['text "fox"', 'text "fox"', "denoise 1"])
  })
})

describe("an interruption", () => {
  const steps = 1000

  it("stops parts that never wait before the next step", async () => {
    const world = gaussianWorld()
    const started = Deferred.makeUnsafe<void>()
    const run = generate({ ...request, steps, frames: 1, height: 16 }).pipe(
      Stream.tap(({ type }) => (type === "step-end" ? Deferred.succeed(started, undefined) : Effect.void)),
      Stream.runDrain,
      Effect.provide(world.layer),
    )
    const fiber = Effect.runFork(run)
    await Effect.runPromise(Deferred.await(started))
    const exit = await Effect.runPromise(Fiber.interrupt(fiber).pipe(Effect.andThen(Fiber.await(fiber))))
    const { length } = world.calls
    await new Promise((resolve) => setTimeout(resolve, 20))
    expect(Exit.hasInterrupts(exit)).toBe(true)
    expect(world.calls.length).toBe(length)
    expect(length).toBeLessThan(steps)
  })

  it("is heard from a timer between two steps of parts that never wait", async () => {
    const stop = new AbortController()
    const blocking: DenoiserShape["predict"] = (input) =>
      Effect.suspend(() => {
        if (world.calls.length === 2) setTimeout(() => stop.abort(), 0)
        const until = performance.now() + 2
        while (performance.now() < until);
        return normals.predict(input)
      })
    const world = gaussianWorld({ denoiser: { predict: blocking } })
    const run = generate({ ...request, steps }).pipe(Stream.runDrain, Effect.provide(world.layer))
    const exit = await Effect.runPromiseExit(run, { signal: stop.signal })
    expect(Exit.hasInterrupts(exit)).toBe(true)
    // The timer is due after the first step, and is heard before the third at the latest: before immediates or after them.
    expect(world.calls).toEqual(['text "fox"', "denoise 1", "denoise 1"].slice(0, world.calls.length))
  })

  it("reaches a network at work, and no step is ended", async () => {
    const asked = Deferred.makeUnsafe<void>()
    const seen: Array<string> = []
    let stopped = false
    const world = gaussianWorld({
      denoiser: {
        predict: () =>
          Deferred.succeed(asked, undefined).pipe(
            Effect.andThen(Effect.never),
            Effect.onInterrupt(() => Effect.sync(() => (stopped = true))),
          ),
      },
    })
    const run = generate(request).pipe(
      Stream.runForEach(({ type }) => Effect.sync(() => seen.push(type))),
      Effect.provide(world.layer),
    )
    const fiber = Effect.runFork(run)
    await Effect.runPromise(Deferred.await(asked))
    await Effect.runPromise(Fiber.interrupt(fiber))
    expect(stopped).toBe(true)
    expect(seen).toEqual(["text-end", "step-start"])
    expect(world.calls).toEqual(['text "fox"', "denoise 1"])
  })
})

it("two runs at once keep their random numbers apart", async () => {
  const world = gaussianWorld({
    denoiser: {
      process: diffusion,
      predict: (input) => Effect.andThen(Effect.sleep("1 millis"), normals.predict(input)),
    },
  })
  const alone = await world.events(generate(request))
  const [a, b] = await Promise.all([world.events(generate(request)), world.events(generate({ ...request, seed: 9 }))])
  expect(a.at(-1)).toEqual(alone.at(-1))
  expect(b.at(-1)).not.toEqual(alone.at(-1))
})
