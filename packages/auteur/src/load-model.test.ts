import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { modelLayer } from "./model-services.ts"
import { planVideo } from "./plan-video.ts"

const bundled = join(import.meta.dirname, "../../../models/emoji-world")

/** The bundled model with the scheduler class DDIMScheduler, saved from CogVideoX's own. */
const saved = Effect.acquireRelease(
  Effect.promise(async () => {
    const folder = await mkdtemp(join(tmpdir(), "auteur-load-model-"))
    await cp(join(bundled, "scheduler"), join(folder, "scheduler"), { recursive: true })
    for (const name of ["transformer", "vae", "text_encoder", "tokenizer"]) {
      await symlink(join(bundled, name), join(folder, name))
    }
    for (const name of ["model_index.json", "scheduler/scheduler_config.json"]) {
      const text = await readFile(join(bundled, name), "utf8")
      await writeFile(join(folder, name), text.replaceAll("CogVideoXDDIMScheduler", "DDIMScheduler"))
    }
    return folder
  }),
  (folder) => Effect.promise(() => rm(folder, { recursive: true })),
)

it.effect("a scheduler config with a field of another class gives a notice before the work", () =>
  Effect.gen(function* () {
    const notices: Array<string | undefined> = []
    for (const model of [yield* saved, bundled]) {
      const planned = planVideo("a fox", { seed: 1, steps: 2 }).pipe(Effect.provide(modelLayer({ model })))
      notices.push((yield* planned).notice)
    }
    assert.deepStrictEqual(notices, [
      'The scheduler config sets "snr_shift_scale" to 1, which its class DDIMScheduler does not read: it is ignored, as in diffusers.',
      undefined,
    ])
  }),
)
