import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { modelLayer, loadConfig, makeVideo } from "auteur/effect"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"

it("makes videos from noise and from a video, named in a config", async () => {
  const folder = await mkdtemp(join(tmpdir(), "auteur-pixels-"))
  try {
    const config = await Effect.runPromise(loadConfig({ folder: join(import.meta.dirname, "..") }))
    const output = join(folder, "bands.mp4")
    const make = Effect.gen(function* () {
      const { record } = yield* makeVideo({ prompt: "red bands", output, steps: 4, seed: 1 })
      const { record: again } = yield* makeVideo({
        prompt: "blue bands",
        video: output,
        output: `${folder}/blue.gif`,
        steps: 4,
      })
      return [record, again] as const
    })
    const [record, again] = await Effect.runPromise(Effect.provide(make, modelLayer(config)))
    // As the network says that it was trained: 8 frames of 64×64 pixels.
    expect(record).toMatchObject({ frames: 8, width: 64, height: 64 })
    expect(record.plugins).toEqual(["auteur-plugin-pixels/vae", "auteur-plugin-pixels/network"])
    expect(again).toMatchObject({ frames: 8, strength: 0.8 })
  } finally {
    await rm(folder, { recursive: true })
  }
})
