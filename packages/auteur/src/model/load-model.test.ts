import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { encodeSafetensors, Tensor } from "@auteur/core"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { planVideo } from "../video/plan-video.ts"
import { modelLayer, type ModelLayerOptions } from "./model-services.ts"

const bundled = join(import.meta.dirname, "../../../../models/emoji-world")

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "auteur-load-model-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true })),
)

/** The bundled model with the scheduler class DDIMScheduler, saved from CogVideoX's own. */
const saved = Effect.tap(folder, (folder) =>
  Effect.promise(async () => {
    await cp(join(bundled, "scheduler"), join(folder, "scheduler"), { recursive: true })
    for (const name of ["transformer", "vae", "text_encoder", "tokenizer"]) {
      await symlink(join(bundled, name), join(folder, name))
    }
    for (const name of ["model_index.json", "scheduler/scheduler_config.json"]) {
      const text = await readFile(join(bundled, name), "utf8")
      await writeFile(join(folder, name), text.replaceAll("CogVideoXDDIMScheduler", "DDIMScheduler"))
    }
  }),
)

const noticeOf = (options: ModelLayerOptions) =>
  planVideo("a fox", { seed: 1, steps: 2 }).pipe(
    Effect.map(({ notice }) => notice),
    Effect.scoped,
    Effect.provide(modelLayer(options)),
  )

it.effect("a model gives no notice where there is nothing to notice", () =>
  Effect.map(noticeOf({ model: bundled }), (notice) => assert.isUndefined(notice)),
)

it.effect("a scheduler config with a field of another class gives a notice before the work", () =>
  Effect.gen(function* () {
    assert.strictEqual(
      yield* noticeOf({ model: yield* saved }),
      'The scheduler config sets "snr_shift_scale" to 1, which its class DDIMScheduler does not read: it is ignored, as in diffusers.',
    )
  }),
)

it.effect("a LoRA file with an assumed alpha gives a notice before the work", () =>
  Effect.gen(function* () {
    const path = join(yield* folder, "lora.safetensors")
    const layer = "base_model.model.transformer_blocks.0.attn1.to_q"
    const tensors = {
      [`${layer}.lora_A.weight`]: Tensor.zeros("rank in", [1, 192]),
      [`${layer}.lora_B.weight`]: Tensor.zeros("out rank", [192, 1]),
    }
    yield* Effect.promise(() => writeFile(path, encodeSafetensors(tensors)))
    const notice = yield* noticeOf({ model: bundled, lora: [{ path }] })
    assert.match(notice ?? "none", /has no adapter_config\.json beside it: its alpha is taken to be its rank\.$/)
  }),
)
