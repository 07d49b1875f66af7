import type { StepEnd } from "@auteur/core"
import { describe, expect, it } from "vitest"
import { pixels, tiny } from "../../test/small-requests.ts"
import { openModel } from "./open-model.ts"

/** Counts the runs of four steps that are between their first and their last one. */
const countRunning = () => {
  let [running, most] = [0, 0]
  return {
    most: () => most,
    onStepEnd: ({ index }: StepEnd) => {
      if (index === 0) most = Math.max(most, ++running)
      if (index === 3) running--
    },
  }
}

describe("the requests of a model", () => {
  it("run one at a time in the order of their calls", async () => {
    await using model = await openModel("emoji-world")
    const log: Array<string> = []
    const follow = async (prompt: string) => {
      for await (const { type } of model.stream(prompt, tiny)) {
        if (type === "text-end" || type === "video-end") log.push(`${prompt} ${type}`)
      }
    }
    await Promise.all(["a", "b", "c"].map(follow))
    expect(log).toEqual(["a", "b", "c"].flatMap((prompt) => [`${prompt} text-end`, `${prompt} video-end`]))
  })

  it("run as many at a time as concurrency says, to the same frames", async () => {
    await using model = await openModel("emoji-world", { concurrency: 2 })
    const { onStepEnd, most } = countRunning()
    const request = { ...tiny, steps: 4, onStepEnd }
    const videos = await Promise.all(["a fox", "a cat", "a fox", "a cat"].map((name) => model.generate(name, request)))
    const together = videos.map(pixels)
    expect(most()).toBe(2)
    expect(together[2]).toEqual(together[0])
    expect(together[1]).toEqual(pixels(await model.generate("a cat", { ...tiny, steps: 4 })))
  })

  it("are aborted while they wait, without a step, and the others go on", async () => {
    await using model = await openModel("emoji-world")
    const controller = new AbortController()
    const first = model.generate("a", { ...tiny, steps: 20 })
    const waiting = model.stream("b", { ...tiny, signal: controller.signal })
    const last = model.generate("c", tiny)
    controller.abort()
    await expect(waiting.video).rejects.toMatchObject({ _tag: "AbortError" })
    await expect(waiting[Symbol.asyncIterator]().next()).rejects.toMatchObject({ _tag: "AbortError" })
    await Promise.all([first, last])
  })

  it("that cannot be made are refused at once, and estimates do not wait", async () => {
    await using model = await openModel("emoji-world")
    const long = model.stream("a fox", { ...tiny, steps: 900 })
    await expect(model.generate("a fox", { frames: 7 })).rejects.toMatchObject({ _tag: "RequestError" })
    await expect(model.generate("a fox", { sampler: "magic" as "ddim" })).rejects.toMatchObject({
      _tag: "RequestError",
    })
    expect((await model.estimate("a fox", tiny)).peakBytes).toBeGreaterThan(1e6)
    long.abort()
    await expect(long.video).rejects.toMatchObject({ _tag: "AbortError" })
  })
})

describe("memory", () => {
  it("has the limit that is set: what needs more is refused with what would fit, before any step", async () => {
    await using model = await openModel("emoji-world", { memoryLimit: 150e6 })
    const run = model.stream("a fox", { ...tiny, frames: 9, width: 512, height: 512 })
    const types: Array<string> = []
    const follow = async () => {
      for await (const { type } of run) types.push(type)
    }
    await expect(follow()).rejects.toMatchObject({
      _tag: "RequestError",
      message: expect.stringMatching(
        /^9 frames of 512×512 need about \d\.\d GB of memory .*, but 0\.\d GB are free: /,
      ) as string,
    })
    expect(types).toEqual([])
    await model.generate("a fox", tiny)
  })

  it("is not shared by runs that do not fit beside each other", async () => {
    await using other = await openModel("emoji-world")
    const { peakBytes } = await other.estimate("a fox", tiny)
    await using model = await openModel("emoji-world", { concurrency: 4, memoryLimit: 1.5 * peakBytes })
    const { onStepEnd, most } = countRunning()
    const request = { ...tiny, steps: 4, onStepEnd }
    await model.generate(["a fox", "a cat", "a dog"], request)
    expect(most()).toBe(1)
  })

  it("is given back by unload(), after which requests make the same frames", async () => {
    await using model = await openModel("emoji-world")
    const before = pixels(await model.generate("a fox", tiny))
    const running = model.generate("a fox", tiny)
    await model.unload()
    expect(pixels(await running)).toEqual(before)
    expect(pixels(await model.generate("a fox", tiny))).toEqual(before)
  })
})
