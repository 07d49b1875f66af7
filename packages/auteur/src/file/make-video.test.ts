import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { expect, it } from "vitest"
import { modelLayer } from "../model/model-services.ts"
import { makeVideo } from "./make-video.ts"

it("takes the next number for a video whose name was taken while it was made", async () => {
  const folder = await mkdtemp(join(tmpdir(), "auteur-make-"))
  try {
    const output = join(folder, "fox.mp4")
    const make = makeVideo({
      prompt: "a fox",
      steps: 1,
      frames: 9,
      seed: 1,
      output,
      exclusive: true,
      onEvent: (event) => (event.type === "step-end" ? Effect.promise(() => writeFile(output, "theirs")) : Effect.void),
    })
    const made = await Effect.runPromise(Effect.provide(make, modelLayer({})))
    expect(made.output).toBe(join(folder, "fox-2.mp4"))
    expect(await readFile(output, "utf8")).toBe("theirs")
    expect(await readdir(folder)).toEqual(["fox-2.mp4", "fox.mp4"])
  } finally {
    await rm(folder, { recursive: true })
  }
})
