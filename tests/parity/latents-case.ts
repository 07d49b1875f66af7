import { join } from "node:path"
import { generate, type GenerateError, type GenerateRequest, type Latents } from "@auteur/core"
import type { Engine } from "@auteur/engine"
import { loadModel, type ModelOptions } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type CaseFolder, floats, type Json, type Tensors } from "./case-folder.ts"
import { compare, pipelineBound } from "./comparison.ts"
import type { ParityError } from "./parity-error.ts"
import { readSettings } from "./pipeline-settings.ts"
import type { CaseResult } from "./scheduler-case.ts"

/** A case of one model that is run in several ways: `out.latents.NAME` are the last latents of the run that is called NAME. */
export const latentsCase: (
  model: string,
  json: Json,
  tensors: Tensors,
  optionsOf: (name: string) => Effect.Effect<ModelOptions, ParityError>,
) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError | GenerateError, Engine> = Effect.fnUntraced(
  function* (path, json, tensors, optionsOf) {
    const folder: CaseFolder = { path, files: new Set(), folders: new Set() }
    const settings = yield* readSettings(folder, { task: "text-to-video", ...json })
    const request: GenerateRequest = {
      prompt: settings.prompt,
      negativePrompt: settings.negative_prompt,
      seed: settings.seed,
      steps: settings.num_inference_steps,
      guidanceScale: settings.guidance_scale,
      height: settings.height,
      width: settings.width,
      frames: settings.num_frames,
    }
    const results: Array<CaseResult> = []
    for (const key of [...tensors.keys()].filter((key) => key.startsWith("out.latents."))) {
      const options = yield* optionsOf(key.slice("out.latents.".length))
      const model = yield* loadModel(path, {
        maxSequenceLength: settings.max_sequence_length,
        guidanceMethod: settings.use_dynamic_cfg ? "dynamic" : "classifier-free",
        ...options,
      })
      const latents = yield* lastLatents(request).pipe(Effect.provide(model.layer))
      const found = { shape: latents.shape, data: latents.contiguous().values() }
      results.push(compare(key.slice("out.".length), found, yield* floats(tensors, key), pipelineBound))
    }
    return results
  },
)

const lastLatents = Effect.fnUntraced(function* (request: GenerateRequest) {
  let last: Latents | undefined
  yield* generate(request).pipe(
    Stream.takeUntil((event) => event.type === "step-end" && event.index + 1 === event.total),
    Stream.runForEach((event) =>
      Effect.sync(() => {
        if (event.type === "step-end") last = event.latents
      }),
    ),
  )
  return last!
})

/** The `model` of a case, a path from its folder. */
export const modelOf = (folder: CaseFolder, json: Json): string =>
  join(folder.path, typeof json["model"] === "string" ? json["model"] : "model")
