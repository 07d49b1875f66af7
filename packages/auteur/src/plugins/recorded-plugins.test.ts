import { mkdtemp, readFile, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { definePlugin, type GenerateEvent, linearCombination, PluginError, Sampler } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { modelLayer } from "../model/model-services.ts"
import { makeVideo, type MakeVideoHooks, resumeVideo } from "../file/make-video.ts"
import { readRecord } from "../file/read-record.ts"
import { requirePlugins } from "./recorded-plugins.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-recorded-"))
})
afterAll(() => rm(folder, { recursive: true }))

/** The model's sampler, led on by the last two clean estimates: it keeps something in the state's memory. */
const eager = definePlugin({
  name: "auteur-plugin-eager",
  apiVersion: "v1",
  layer: Layer.effect(
    Sampler,
    Sampler.useSync((sampler) =>
      Sampler.of({
        ...sampler,
        name: "eager",
        step: (schedule, state, { clean, noise }, random) => {
          const before = state.history["clean"] ?? clean
          const ahead = linearCombination([
            [1.2, clean],
            [-0.2, before],
          ])
          const next = sampler.step(schedule, state, { clean: ahead, noise }, random)
          return { ...next, history: { clean } }
        },
      }),
    ),
  ),
})

const make = (output: string, hooks: MakeVideoHooks = {}) =>
  makeVideo({ prompt: "a fox", output, steps: 4, frames: 1, seed: 1, upscale: 1, ...hooks }).pipe(
    Effect.provide(modelLayer({ plugins: [eager] })),
  )

describe("a video that was made with a plugin", () => {
  it("says so, and is not repeated without it", async () => {
    const output = join(folder, "whole.png")
    await Effect.runPromise(make(output))
    const record = await Effect.runPromise(readRecord(output))
    expect(record).toMatchObject({ sampler: "eager", plugins: ["auteur-plugin-eager"] })
    await expect(Effect.runPromise(requirePlugins(record, [eager], output))).resolves.toBeUndefined()
    await expect(Effect.runPromise(requirePlugins(record, [], output))).rejects.toThrow(
      `${output} was made with the plugin "auteur-plugin-eager", which is not loaded`,
    )
  })

  it("is resumed with it to the same bytes, and not without it", async () => {
    const [whole, stopped] = [join(folder, "whole.png"), join(folder, "stopped.png")]
    const stop = (event: GenerateEvent) =>
      event.type === "step-start" && event.index === 2 ? Effect.interrupt : Effect.void
    let checkpoint: string | undefined
    await Effect.runPromiseExit(
      make(stopped, {
        onEvent: stop,
        onUnfinished: (video) =>
          Effect.sync(() => {
            checkpoint = video.checkpoint
          }),
      }),
    )
    const error = await Effect.runPromise(Effect.flip(resumeVideo({ checkpoint: checkpoint! })))
    expect(error).toBeInstanceOf(PluginError)
    expect(error.message).toContain('was made with the plugin "auteur-plugin-eager", which is not loaded')
    const other = definePlugin({ name: "auteur-plugin-other", apiVersion: "v1", layer: Layer.empty })
    const added = await Effect.runPromise(
      Effect.flip(resumeVideo({ checkpoint: checkpoint!, plugins: [eager, other] })),
    )
    expect(added.message).toBe(
      `${checkpoint} was begun with the plugins auteur-plugin-eager, and now auteur-plugin-eager, auteur-plugin-other are loaded: load the same ones in the same order with --config.`,
    )
    await Effect.runPromise(resumeVideo({ checkpoint: checkpoint!, plugins: [eager] }))
    expect((await readFile(stopped)).equals(await readFile(whole))).toBe(true)
  })
})
