import { cp, mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll, describe } from "vitest"
import { defaultModel } from "../cache/known-models.ts"
import { openModelFolder } from "./model-folder.ts"
import { resolveModel } from "../cache/resolve-model.ts"

const bundled = await Effect.runPromise(resolveModel(defaultModel))
let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-hub-"))
})
afterAll(() => rm(folder, { recursive: true }))

const copy = async (name: string) => {
  const path = join(folder, name)
  await cp(bundled, path, { recursive: true, filter: (source) => !source.endsWith(".safetensors") })
  return path
}
const refusal = (path: string) => Effect.map(Effect.flip(openModelFolder(path)), (error) => error.message)

describe("openModelFolder", () => {
  it.effect("reads the configs and the tokenizer of the bundled model", () =>
    Effect.gen(function* () {
      const model = yield* openModelFolder(bundled)
      assert.strictEqual(model.name, "emoji-world")
      assert.strictEqual(model.transformer.config["num_layers"], 6)
      assert.strictEqual(model.scheduler["_class_name"], "CogVideoXDDIMScheduler")
      assert.isAbove(model.tokenizer["spiece.model"]!.length, 1000)
    }),
  )

  it.effect("says that a folder without model_index.json is not a model", () =>
    Effect.gen(function* () {
      assert.match(yield* refusal(folder), /is not a model folder: it has no model_index\.json/)
      assert.match(yield* refusal(join(folder, "nowhere")), /There is no model folder at .*nowhere/)
    }),
  )

  it.effect("names a pipeline and a component of an unknown class", () =>
    Effect.gen(function* () {
      const path = yield* Effect.promise(() => copy("class"))
      const write = (index: unknown) =>
        Effect.promise(() => writeFile(join(path, "model_index.json"), JSON.stringify(index)))
      yield* write({ _class_name: "StableDiffusionPipeline" })
      assert.match(yield* refusal(path), /is a StableDiffusionPipeline, which cannot be run/)
      yield* write({ _class_name: "CogVideoXPipeline", transformer: ["diffusers", "UNet2DModel"] })
      assert.match(yield* refusal(path), /The transformer of .* is a UNet2DModel/)
    }),
  )

  it.effect("names a config that is missing, not JSON or no object", () =>
    Effect.gen(function* () {
      const path = yield* Effect.promise(() => copy("json"))
      const config = join(path, "vae", "config.json")
      yield* Effect.promise(() => writeFile(config, "{ not json"))
      assert.strictEqual(yield* refusal(path), `${config} is not valid JSON: download it again.`)
      yield* Effect.promise(() => writeFile(config, "[]"))
      assert.match(yield* refusal(path), /vae.config\.json does not hold a JSON object/)
      yield* Effect.promise(() => rm(config))
      assert.match(yield* refusal(path), /vae.config\.json is missing/)
    }),
  )

  it.effect("names a tokenizer folder without a tokenizer", () =>
    Effect.gen(function* () {
      const path = yield* Effect.promise(() => copy("tokenizer"))
      yield* Effect.promise(() => rm(join(path, "tokenizer"), { recursive: true }))
      assert.match(yield* refusal(path), /has neither spiece\.model nor tokenizer\.json/)
    }),
  )
})
