import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { CurrentModel, modelLayer, loadConfig, makeVideo } from "auteur/effect"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"

it("edits a video, named in a config", async () => {
  const folder = await mkdtemp(join(tmpdir(), "auteur-flow-align-"))
  try {
    const config = await Effect.runPromise(loadConfig({ folder: join(import.meta.dirname, "..") }))
    const [fox, cat] = [join(folder, "fox.mp4"), join(folder, "cat.mp4")]
    const record = await Effect.gen(function* () {
      yield* makeVideo({ prompt: "a fox", output: fox, steps: 4, frames: 9, seed: 1 })
      const edit = {
        video: fox,
        start: "inversion-free",
        sourcePrompt: "a fox",
        guidanceScale: 1,
        strength: 0.5,
      } as const
      const { record } = yield* makeVideo({ ...edit, prompt: "a cat", output: cat, steps: 4, seed: 1 })
      const { plugins } = yield* CurrentModel
      expect(plugins.map(({ provides }) => provides)).toEqual([[{ kind: "editor", name: "flow-align" }]])
      return record
    }).pipe(Effect.provide(modelLayer(config)), Effect.runPromise)
    expect(record).toMatchObject({ start: "inversion-free", plugins: ["auteur-plugin-flow-align"], frames: 9 })
  } finally {
    await rm(folder, { recursive: true })
  }
})
