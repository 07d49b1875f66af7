import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { type SamplerName, samplerNames } from "@auteur/samplers"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { shownBy } from "../../../../bench/samplers/clip-check.ts"
import { openModel } from "./open-model.ts"

const bundled = fileURLToPath(new URL("../../../../models/emoji-world", import.meta.url))
const prompt = "a red balloon flies up over the sea"

const video = async ({ model, ...options }: { sampler: SamplerName; model?: string }, steps: number) => {
  await using opened = await openModel(model, options)
  const { tensor, metadata } = await opened.generate(prompt, { seed: 7, steps, frames: 9 })
  expect(metadata["sampler"]).toBe(options.sampler)
  return tensor
}
const frames = async (options: { sampler: SamplerName; model?: string }, steps: number) =>
  (await video(options, steps)).contiguous().values()

const largestDifference = (a: Uint8Array, b: Uint8Array) =>
  a.reduce((most, x, i) => Math.max(most, Math.abs(x - b[i]!)), 0)
const contrast = (pixels: Uint8Array) => Math.max(...pixels) - Math.min(...pixels)

describe("the bundled model, of diffusion", () => {
  it.each(samplerNames)("shows the balloon over the sea with %s", async (sampler) => {
    expect(shownBy(await video({ sampler }, 8))).toMatchObject({ scene: "sea", subject: "balloon" })
  })

  it("makes the same video by DDIM and by Euler's method along rectified flow", async () => {
    const [ddim, euler, heun] = await Promise.all(
      (["ddim", "flow-euler", "flow-heun"] as const).map((sampler) => frames({ sampler }, 10)),
    )
    expect(largestDifference(ddim!, euler!)).toBeLessThanOrEqual(1)
    expect(largestDifference(ddim!, heun!)).toBeGreaterThan(10)
  })

  it("refuses a sampler that nobody knows, with those that are known", async () => {
    await expect(openModel("emoji-world", { sampler: "magic" as SamplerName })).rejects.toThrow(
      `There is no sampler "magic"; choose one of ${samplerNames.join(", ")}.`,
    )
  })
})

describe("a model of rectified flow", () => {
  let folder = ""
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "auteur-flow-"))
    for (const part of ["text_encoder", "tokenizer", "transformer", "vae"])
      await symlink(join(bundled, part), join(folder, part), "junction")
    await cp(join(bundled, "scheduler"), join(folder, "scheduler"), { recursive: true })
    const index = await readFile(join(bundled, "model_index.json"), "utf8")
    await writeFile(
      join(folder, "model_index.json"),
      index.replace("CogVideoXDDIMScheduler", "FlowMatchEulerDiscreteScheduler"),
    )
    const scheduler = { _class_name: "FlowMatchEulerDiscreteScheduler", num_train_timesteps: 1000, shift: 1 }
    await writeFile(join(folder, "scheduler", "scheduler_config.json"), JSON.stringify(scheduler))
  })
  afterAll(() => rm(folder, { recursive: true }))

  // The network was not trained so, and shows nothing; that every sampler asks it is what is seen here.
  it.each(samplerNames)("is run by %s", async (sampler) => {
    expect(contrast(await frames({ sampler, model: folder }, 2))).toBeGreaterThan(10)
  })
})
