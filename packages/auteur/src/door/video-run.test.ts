import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { linearCombination } from "@auteur/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { loraBytes, pixels, tiny } from "../../test/small-requests.ts"
import { type Model, openModel } from "./open-model.ts"
import type { OnStepEnd, RequestOptions } from "./options.ts"
import type { VideoEvent } from "./run-request.ts"
import { AbortError } from "./tagged-error.ts"

let model: Model
beforeAll(async () => {
  model = await openModel("emoji-world")
})
afterAll(() => model.close())

const request = { ...tiny, steps: 4, frames: 9 }
const eventsOf = async (run: AsyncIterable<VideoEvent>) => {
  const events: Array<VideoEvent> = []
  for await (const event of run) events.push(event)
  return events
}
const typesOf = async (run: AsyncIterable<VideoEvent>) => (await eventsOf(run)).map(({ type }) => type)

describe("a run", () => {
  const steps = Array.from({ length: 4 }, () => ["step-start", "step-end"]).flat()
  const types = ["text-end", ...steps, "decode-progress", "video-end"]

  it("starts at once, whether or not anybody follows it, and tells the first loop every event", async () => {
    const run = model.stream("a fox", request)
    const video = await run.video
    expect(await typesOf(run)).toEqual(types)
    expect(await run.video).toBe(video)
    expect(await typesOf(run)).toEqual(["video-end"])
  })

  it("tells a second loop what is still to come", async () => {
    const run = model.stream("a fox", request)
    const [first, second] = await Promise.all([typesOf(run), typesOf(run)])
    expect(first).toEqual(types)
    expect(types.join()).toMatch(new RegExp(`${second.join()}$`))
  })

  it("shows previews where they are asked for", async () => {
    const run = model.stream("a fox", { ...request, previewEvery: 2 })
    const previews = (await eventsOf(run)).filter(({ type }) => type === "preview")
    expect(previews).toMatchObject([{ index: 1, image: { shape: [1, 1, 64, 64, 3] } }])
  })

  it("is not changed by what is written into its events", async () => {
    const run = model.stream("a fox", request)
    for await (const event of run) if (event.type === "step-end") event.latents.values().fill(0)
    expect(pixels(await run.video)).toEqual(pixels(await model.generate("a fox", request)))
  })

  it("is aborted when its loop is left", async () => {
    const run = model.stream("a fox", { ...request, steps: 500 })
    for await (const event of run) if (event.type === "step-end") break
    await expect(run.video).rejects.toThrow(AbortError)
  })

  it("is aborted by abort(), and its loops say so", async () => {
    const run = model.stream("a fox", { ...request, steps: 500 })
    const follow = async () => {
      for await (const event of run) if (event.type === "step-start" && event.index === 2) run.abort("enough")
    }
    await expect(follow()).rejects.toMatchObject({ _tag: "AbortError", message: "The run was aborted: enough." })
    await expect(typesOf(run)).rejects.toThrow(AbortError)
  })
})

describe("a step callback", () => {
  const generate = (onStepEnd: OnStepEnd, options: RequestOptions = {}) =>
    model.generate("a fox", { ...request, ...options, onStepEnd })

  it("sees each step, and changes nothing where it returns nothing", async () => {
    const seen: Array<unknown> = []
    const video = await generate(async ({ index, total, latents, guidanceScale }) => {
      latents.values().fill(0)
      seen.push([index, total, latents.shape.join("×"), guidanceScale])
    })
    expect(seen).toEqual([0, 1, 2, 3].map((index) => [index, 4, "1×3×16×8×8", 3]))
    expect(pixels(video)).toEqual(pixels(await model.generate("a fox", request)))
    expect(video.metadata["given"]).toBe("onStepEnd")
  })

  it("changes the latents that the next step starts from", async () => {
    const flipped = await generate(({ index, latents }) =>
      index === 0 ? { latents: linearCombination([[-1, latents]]) } : undefined,
    )
    expect(pixels(flipped)).not.toEqual(pixels(await model.generate("a fox", request)))
    const clean = await generate(({ index, total, latents }) =>
      index + 1 === total ? { latents: linearCombination([[0, latents]]) } : undefined,
    )
    expect(clean.latents.values().every((x) => x === 0)).toBe(true)
  })

  it("changes the guidance of the steps that follow", async () => {
    const all = await generate(() => ({ guidanceScale: 3 }))
    expect(pixels(all)).toEqual(pixels(await model.generate("a fox", request)))
    const later = await generate(({ index }) => (index === 1 ? { guidanceScale: 9 } : undefined))
    expect(pixels(later)).not.toEqual(pixels(all))
    const unguided = await model.generate("a fox", { ...request, guidanceScale: 1 })
    const raised = await generate(({ index }) => (index === 0 ? { guidanceScale: 6 } : undefined), { guidanceScale: 1 })
    expect(pixels(raised)).not.toEqual(pixels(unguided))
    await expect(generate(() => ({ guidanceScale: Number.NaN }))).rejects.toMatchObject({ _tag: "PipelineError" })
    await expect(generate(() => ({ latents: 5 as never }))).rejects.toMatchObject({ _tag: "PipelineError" })
  })
})

describe("a checkpoint", () => {
  let folder = ""
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "auteur-checkpoint-"))
    await writeFile(join(folder, "lora.safetensors"), loraBytes())
  })
  afterAll(() => rm(folder, { recursive: true }))

  /** The video of a run, and the checkpoint after its second step. */
  const stopped = async (options: RequestOptions) => {
    const run = model.stream("a fox", { ...request, ...options })
    const checkpoints: Array<Uint8Array> = []
    for await (const event of run) if (event.type === "step-end") checkpoints.push(event.checkpoint())
    return { whole: await run.video, checkpoint: checkpoints[1]!, last: checkpoints[3]! }
  }

  it("is continued with the components of its run to the same bytes, by another model too", async () => {
    const { whole, checkpoint, last } = await stopped({
      sampler: "dpm",
      guidanceMethod: "rescaled",
      lora: [{ path: join(folder, "lora.safetensors") }],
      cache: "first-block",
      tiling: true,
      seed: 2n ** 60n,
    })
    await using other = await openModel("emoji-world", { sampler: "unipc" })
    const resumed = other.resume(checkpoint)
    expect(await typesOf(resumed)).toEqual([
      "text-end",
      "step-start",
      "step-end",
      "step-start",
      "step-end",
      "decode-progress",
      "video-end",
    ])
    const video = await resumed.video
    expect(pixels(video)).toEqual(pixels(whole))
    expect(video.metadata).toEqual(whole.metadata)
    expect(video.latents.values()).toEqual(whole.latents.values())
    await writeFile(join(folder, "fox.auteur"), last)
    const decoded = await other.resume(join(folder, "fox.auteur"), { upscale: 2 }).video
    expect(pixels(decoded)).toEqual(pixels(whole))
    expect(decoded.latents.values()).toEqual(whole.latents.values())
    expect(decoded.metadata["upscale"]).toBe("2")
  })

  it("keeps what a step callback has changed, and a schedule of its own", async () => {
    const onStepEnd: OnStepEnd = ({ index, latents }) =>
      index === 1 ? { guidanceScale: 5, latents: linearCombination([[0.5, latents]]) } : undefined
    const { whole, checkpoint } = await stopped({ steps: undefined, timesteps: [999, 800, 400, 300], onStepEnd })
    expect(pixels(await model.resume(checkpoint).video)).toEqual(pixels(whole))
  })

  it("holds the embeddings of its run, and asks for a cache of one's own", async () => {
    const { embeddings } = await model.encodePrompt("a cat")
    const everyOther = {
      kind: "step",
      name: "every-other",
      signal: "timestep-embedding",
      comparedWith: "last call",
      reuse: ({ index }: { readonly index: number }) => ({ reuse: index % 2 === 1, distance: 0 }),
    } as const
    const { whole, checkpoint } = await stopped({ promptEmbeddings: embeddings, cache: everyOther })
    await expect(model.resume(checkpoint).video).rejects.toThrow("every-other")
    expect(pixels(await model.resume(checkpoint, { cache: everyOther }).video)).toEqual(pixels(whole))
  })
})
