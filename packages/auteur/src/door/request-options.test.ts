import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { definePlugin, type Latents, Sampler, Tensor } from "@auteur/core"
import type { StepCache } from "@auteur/dit"
import { classifierFree, flowHeun, eulerGrid } from "@auteur/samplers"
import * as Layer from "effect/Layer"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { loraBytes, pixels, tiny } from "../../test/small-requests.ts"
import { type Model, openModel } from "./open-model.ts"
import type { RequestOptions } from "./options.ts"

let folder = ""
let model: Model
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-options-"))
  await writeFile(join(folder, "lora.safetensors"), loraBytes())
  model = await openModel("emoji-world")
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})
const generate = (options: RequestOptions = {}) => model.generate("a fox", { ...tiny, ...options })
describe("the components of a request", () => {
  it.each([
    { sampler: "unipc" },
    { sampler: "dpm" },
    { guidanceMethod: "rescaled" },
    { cache: "tea", cacheThreshold: 9 },
    { maxSequenceLength: 12 },
    { tiling: true, vaeWorkers: 2 },
  ] as const)("are those of a model that was opened with them: %o", async (options) => {
    const requested = await generate({ ...options, steps: 4 })
    await using other = await openModel("emoji-world", options)
    const expected = await other.generate("a fox", { ...tiny, steps: 4 })
    expect(pixels(requested)).toEqual(pixels(expected))
    expect(requested.metadata).toEqual(expected.metadata)
    expect(pixels(await generate({ steps: 4 }))).not.toEqual(pixels(requested))
  })

  it("may add LoRA files of any weight, and leave those of the model out", async () => {
    const lora = [{ path: join(folder, "lora.safetensors"), weight: 2 }]
    const plain = await generate()
    const adapted = await generate({ lora })
    expect(pixels(adapted)).not.toEqual(pixels(plain))
    expect(pixels(await generate({ lora: [{ ...lora[0]!, weight: 0 }] }))).toEqual(pixels(plain))
    await using other = await openModel("emoji-world", { lora })
    expect(pixels(await other.generate("a fox", tiny))).toEqual(pixels(adapted))
    expect(pixels(await other.generate("a fox", { ...tiny, lora: [] }))).toEqual(pixels(plain))
    expect(JSON.parse(adapted.metadata["lora"]!)).toMatchObject([{ path: lora[0]!.path, weight: 2 }])
  })

  it("are made anew from a LoRA file whose contents have changed", async () => {
    const lora = [{ path: join(folder, "changed.safetensors"), weight: 2 }]
    await writeFile(lora[0]!.path, loraBytes(0.1))
    const before = await generate({ lora })
    await writeFile(lora[0]!.path, loraBytes(0.2))
    expect(pixels(await generate({ lora }))).not.toEqual(pixels(before))
  })

  it("may be samplers, guidance methods and caches themselves", async () => {
    const everyOther: StepCache = {
      kind: "step",
      name: "every-other",
      signal: "timestep-embedding",
      comparedWith: "last call",
      reuse: ({ index }) => ({ reuse: index % 2 === 1, distance: 0 }),
    }
    const heun = flowHeun({ grid: eulerGrid({ trained: 1000, shift: 1, shiftTerminal: undefined }) })
    const guided = { ...classifierFree, name: "mine", usesUnconditional: () => false }
    const video = await generate({ sampler: { ...heun, name: "my-heun" }, guidanceMethod: guided, cache: everyOther })
    expect(video.metadata).toMatchObject({ sampler: "my-heun", guidanceMethod: "mine", cache: "every-other" })
  })

  it("leave out the cache of the model by the name none", async () => {
    await using cached = await openModel("emoji-world", { cache: "tea", cacheThreshold: 9 })
    const options = { ...tiny, steps: 4 }
    expect(pixels(await cached.generate("a fox", { ...options, cache: "none" }))).toEqual(
      pixels(await generate({ steps: 4 })),
    )
    expect(pixels(await cached.generate("a fox", options))).not.toEqual(pixels(await generate({ steps: 4 })))
  })
})

describe("a plugin's sampler", () => {
  const plugin = definePlugin({
    name: "auteur-plugin-over",
    apiVersion: "v1",
    layer: Layer.effect(
      Sampler,
      Sampler.useSync((sampler) => ({ ...sampler, name: `over-${sampler.name}` })),
    ),
  })

  it("is used unless a request names another, which says so", async () => {
    await using other = await openModel("emoji-world", { plugins: [plugin] })
    expect((await other.generate("a fox", tiny)).metadata["sampler"]).toBe("over-ddim")
    const named = await other.generate("a fox", { ...tiny, sampler: "ddim" })
    expect(named.metadata["sampler"]).toBe("ddim")
    expect(named.notice).toBe(
      'The sampler "ddim" is used as requested, in place of "over-ddim" of the plugin "auteur-plugin-over".',
    )
    expect(pixels(named)).toEqual(pixels(await generate()))
    const again = await other.generate("a fox", { ...tiny, sampler: "over-ddim" as "ddim" })
    expect(again.notice).toBeUndefined()
    expect(again.metadata["sampler"]).toBe("over-ddim")
  })
})

describe("a schedule of one's own", () => {
  it("is the sampler's where it holds the same timesteps", async () => {
    const own = await generate({ steps: undefined, timesteps: [999, 499] })
    expect(pixels(own)).toEqual(pixels(await generate()))
    expect(own.metadata).toMatchObject({ steps: "2", timesteps: "[999,499]" })
  })

  it("steps from each timestep to the next, down to clean latents", async () => {
    for (const sampler of ["ddim", "dpm", "ddpm", "unipc", "flow-euler", "flow-heun"] as const) {
      const isFlow = sampler === "unipc" || sampler.startsWith("flow")
      const timesteps = isFlow ? [1000, 700, 200, 100] : [999, 700, 200, 100]
      const own = await generate({ sampler, steps: undefined, timesteps })
      const flat = pixels(own)
      expect(Math.max(...flat) - Math.min(...flat)).toBeGreaterThan(50)
    }
  })

  it("may be noise levels of rectified flow, for every sampler", async () => {
    const flow = await generate({ sampler: "flow-euler", steps: undefined, sigmas: [1, 0.6, 0.2] })
    const same = await generate({ sampler: "flow-euler", steps: undefined, timesteps: [1000, 600, 200] })
    expect(pixels(flow)).toEqual(pixels(same))
    const table = await generate({ sampler: "ddim", steps: undefined, sigmas: [1, 0.6, 0.2] })
    expect(table.metadata["steps"]).toBe("3")
  })

  it.each([
    [{ timesteps: [999, 499], sigmas: [1] }, "timesteps and sigmas are both given: give one of them."],
    [{ timesteps: [999, 499], steps: 3 }, "steps is 3, but timesteps has 2 entries: leave steps out."],
    [{ timesteps: [] }, "timesteps is a list: give a list of 1 to 1000 numbers."],
    [{ timesteps: [10.5] }, 'timesteps holds 10.5: give whole numbers from 0 to 999 for the sampler "ddim".'],
    [{ timesteps: [1000] }, 'timesteps holds 1000: give whole numbers from 0 to 999 for the sampler "ddim".'],
    [{ timesteps: [100, 200] }, "timesteps does not fall at its entry 1, which is timestep 200 after 100"],
    [{ sigmas: [2] }, "sigmas holds 2: give numbers above 0, up to 1."],
  ])("is refused where it cannot be: %o", async (options, message) => {
    await expect(generate({ steps: undefined, ...options })).rejects.toMatchObject({
      _tag: "RequestError",
      message: expect.stringContaining(message) as string,
    })
  })
})

describe("latents and embeddings", () => {
  it("of a prompt are used in its place", async () => {
    const { embeddings, truncated } = await model.encodePrompt("a fox")
    expect(truncated).toBeUndefined()
    const video = await model.generate("anything", { ...tiny, promptEmbeddings: embeddings })
    expect(pixels(video)).toEqual(pixels(await generate()))
    expect(video.metadata["given"]).toBe("promptEmbeddings")
    const negative = await model.encodePrompt("a cat")
    const steered = await generate({ negativePrompt: "x", negativePromptEmbeddings: negative.embeddings })
    expect(pixels(steered)).toEqual(pixels(await generate({ negativePrompt: "a cat" })))
  })

  it("to start from are used in place of the seed's", async () => {
    const shape = [1, 1, 16, 8, 8] as const
    const noise = (scale: number): Latents =>
      Tensor.from(
        "batch frames channels height width",
        shape,
        Float32Array.from({ length: 1024 }, (_, i) => scale * Math.sin(i * i)),
      )
    const [one, two] = [noise(1.4), noise(-1.4)]
    const video = await generate({ latents: one })
    expect(pixels(await generate({ latents: one, seed: 99 }))).toEqual(pixels(video))
    expect(pixels(await generate({ latents: two }))).not.toEqual(pixels(video))
    expect([...one.values()]).toEqual([...noise(1.4).values()])
  })

  it("come out with the video, and decode to its frames", async () => {
    const video = await model.generate("a fox", { ...tiny, frames: 9 })
    expect(video.latents.shape).toEqual([1, 3, 16, 8, 8])
    const decoded = await model.decode(video.latents)
    expect(pixels(decoded)).toEqual(pixels(video))
    expect(decoded).toMatchObject({ width: 64, height: 64, fps: 8, metadata: {} })
    expect((await decoded.encode("gif")).mediaType).toBe("image/gif")
    const encoded = await model.encode(video)
    expect(encoded.shape).toEqual(video.latents.shape)
    const again = pixels(await model.decode(encoded))
    const distance = pixels(video).reduce((sum, x, i) => sum + Math.abs(x - again[i]!), 0) / again.length
    expect(distance).toBeLessThan(20)
  })
})

describe("several videos at once", () => {
  it("are those that each prompt and seed makes alone, prompt by prompt", async () => {
    const videos = await model.generate(["a fox", "a cat"], { ...tiny, videosPerPrompt: 2 })
    expect(videos.map(({ metadata, seed }) => [metadata["prompt"], seed])).toEqual([
      ["a fox", 7],
      ["a fox", 8],
      ["a cat", 7],
      ["a cat", 8],
    ])
    expect(pixels(videos[3]!)).toEqual(pixels(await model.generate("a cat", { ...tiny, seed: 8 })))
    const [wide] = await model.generate(["a fox"], { ...tiny, seed: 2n ** 63n })
    expect(wide!.seed).toBe(2n ** 63n)
    const random = await model.generate("a fox", { ...tiny, seed: undefined, videosPerPrompt: 2 })
    expect(Number(random[1]!.seed) - Number(random[0]!.seed)).toBe(1)
  })

  it("fail as a whole, and the rest is aborted", async () => {
    const failing = model.generate(["a fox", ""], { ...tiny, steps: 900 })
    await expect(failing).rejects.toMatchObject({ _tag: "RequestError" })
    // The model is free again.
    await generate()
    await expect(model.generate([], tiny)).rejects.toMatchObject({
      message: expect.stringContaining("empty") as string,
    })
  })
})
