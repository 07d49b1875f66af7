import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { modelLayer, loadConfig, makeVideo, readRecord } from "auteur/effect"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"

it("makes a video, named in a config", async () => {
  const folder = await mkdtemp(join(tmpdir(), "auteur-karras-"))
  try {
    const file = join(import.meta.dirname, "..", "auteur.config.ts")
    const config = await Effect.runPromise(loadConfig({ file }))
    const output = join(folder, "fox.mp4")
    await makeVideo({ prompt: "a fox", output, steps: 4, frames: 9, seed: 1 }).pipe(
      Effect.provide(modelLayer(config)),
      Effect.runPromise,
    )
    const record = await Effect.runPromise(readRecord(output))
    expect(record).toMatchObject({ sampler: "karras", plugins: ["auteur-plugin-karras"] })
  } finally {
    await rm(folder, { recursive: true })
  }
})
