import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { type AnyTensor, encodeSafetensors, Tensor } from "@auteur/core"
import type { StepCache } from "@auteur/dit"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, expect, it } from "vitest"
import type { VideoOptions } from "../video/plan-video.ts"
import { modelLayer } from "../model/model-services.ts"
import { makeVideo, resumeVideo } from "./make-video.ts"
import type { UnfinishedVideo } from "./render.ts"

let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-adapted-"))
})
afterEach(() => rm(folder, { recursive: true }))

const matrix = (rows: number, columns: number, scale: number): AnyTensor =>
  Tensor.from(
    "out in",
    [rows, columns],
    Float32Array.from({ length: rows * columns }, (_, i) => scale * Math.sin(i + 1)),
  )

const writeLora = (path: string, scale = 0.1) =>
  writeFile(
    path,
    encodeSafetensors({
      "transformer.transformer_blocks.2.attn1.to_v.lora_A.weight": matrix(4, 192, scale),
      "transformer.transformer_blocks.2.attn1.to_v.lora_B.weight": matrix(192, 4, scale),
    }),
  )

/** Makes a video, or is stopped after two of its steps. */
const make = async (options: VideoOptions, name: string, stops = false) => {
  let left: UnfinishedVideo | undefined
  const video = makeVideo({
    prompt: "a fox",
    seed: 3,
    steps: 5,
    frames: 1,
    ...options,
    output: join(folder, name),
    onEvent: (event) => (stops && event.type === "step-end" && event.index === 1 ? Effect.interrupt : Effect.void),
    onUnfinished: (video) => Effect.sync(() => void (left = video)),
  })
  await Effect.runPromiseExit(Effect.provide(video, modelLayer()))
  return left?.checkpoint
}
const bytes = (name: string) => readFile(join(folder, name))
const resume = (checkpoint: string) => Effect.runPromise(resumeVideo({ checkpoint }))

it("a run with a LoRA and a cache goes on to the same bytes, with both, and not with another file in the LoRA's place", async () => {
  const path = join(folder, "lora.safetensors")
  await writeLora(path)
  const options: VideoOptions = { lora: [{ path, weight: 0.5 }], cache: "tea", cacheThreshold: 2 }
  await make(options, "whole.mp4")
  await make({ lora: options.lora }, "uncached.mp4")
  await make({ cache: "tea", cacheThreshold: 2 }, "plain.mp4")
  const whole = await bytes("whole.mp4")
  const checkpoint = await make(options, "cut.mp4", true)

  await writeLora(path, 0.2)
  await expect(resume(checkpoint!)).rejects.toThrow(/lora\.safetensors is not the one that made the video before/)
  await writeLora(path)
  await resume(checkpoint!)
  expect((await bytes("cut.mp4")).equals(whole)).toBe(true)
  for (const other of ["uncached.mp4", "plain.mp4"]) {
    // The coded pictures, which come before the texts.
    const pictures = (file: Buffer) => file.subarray(file.indexOf("mdat"), file.indexOf("mdat") + 1000)
    expect(pictures(await bytes(other)).equals(pictures(whole))).toBe(false)
  }
})

it("a run with a cache of one's own names it where it is not at hand", async () => {
  const mine: StepCache = {
    kind: "step",
    name: "mine",
    signal: "modulated-input",
    comparedWith: "last call",
    reuse: ({ index }) => ({ reuse: index % 2 === 1, distance: 0 }),
  }
  const checkpoint = await make({ cache: mine }, "cut.mp4", true)
  await expect(resume(checkpoint!)).rejects.toThrow(
    /made with the cache "mine", which is not one of first-block, tea, pyramid/,
  )
})
