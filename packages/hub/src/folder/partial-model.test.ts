import { mkdir, rename, rm, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { temporaryFolder } from "../../test/temporary-cache.ts"
import { neededFiles } from "../../test/tiny-repository.ts"
import { writeModel } from "../../test/write-model.ts"
import { checkModel, openModelFolder } from "./model-folder.ts"
import { modelHash } from "./model-hash.ts"

/** A whole model, and the transformer of another one alone, below one folder. */
const baseAndTransformer = Effect.gen(function* () {
  const folder = yield* temporaryFolder
  const [base, tuned] = [join(folder, "base"), join(folder, "tuned")]
  const own = [...neededFiles()].filter(([path]) => path.startsWith("transformer/"))
  yield* Effect.promise(async () => {
    await writeModel(base)
    await writeModel(tuned, new Map(own))
  })
  return { base, tuned }
})

const refusal = (path: string, base?: string) =>
  Effect.map(Effect.flip(openModelFolder(path, { base })), (error) => error.message)

describe("a folder that holds only the transformer of a model", () => {
  it.effect("is opened with a base model, which gives the rest", () =>
    Effect.gen(function* () {
      const { base, tuned } = yield* baseAndTransformer
      const model = yield* openModelFolder(tuned, { base })
      assert.strictEqual(model.name, "tuned")
      assert.strictEqual(model.transformer.path, join(tuned, "transformer"))
      assert.strictEqual(model.vae.path, join(base, "vae"))
      assert.isEmpty(yield* checkModel(tuned, { base }))
      assert.strictEqual(yield* modelHash(model), yield* modelHash(yield* openModelFolder(base)))
    }),
  )

  it.effect("may be the transformer's folder itself", () =>
    Effect.gen(function* () {
      const { base, tuned } = yield* baseAndTransformer
      const model = yield* openModelFolder(join(tuned, "transformer"), { base })
      assert.strictEqual(model.transformer.path, join(tuned, "transformer"))
      assert.strictEqual(model.scheduler["_class_name"], "CogVideoXDDIMScheduler")
    }),
  )

  it.effect("says without a base model how to name one", () =>
    Effect.gen(function* () {
      const { tuned } = yield* baseAndTransformer
      assert.strictEqual(
        yield* refusal(tuned),
        `${tuned} holds only the transformer of a model: name the model that it was trained from as its base (--base-model).`,
      )
      assert.lengthOf(yield* checkModel(tuned), 1)
    }),
  )

  it.effect("names a base that is missing, is not whole, or is not needed", () =>
    Effect.gen(function* () {
      const { base, tuned } = yield* baseAndTransformer
      assert.match(yield* refusal(tuned, join(base, "nowhere")), /There is no model folder at .*nowhere/)
      assert.match(
        yield* refusal(tuned, tuned),
        /The base model .*tuned is not a whole model: it has no model_index\.json/,
      )
      assert.match(yield* refusal(base, base), /base is a whole model: leave out the base model/)
      yield* Effect.promise(() => rm(join(base, "vae", "config.json")))
      assert.match(yield* refusal(tuned, base), /base.vae.config\.json is missing/)
    }),
  )
})

it.effect("a folder of a LoRA is told from a model", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    for (const name of ["adapter_config.json", "pytorch_lora_weights.safetensors"]) {
      const path = join(folder, name.split(".")[0]!)
      yield* Effect.promise(async () => {
        await mkdir(path)
        await writeFile(join(path, name), "{}")
      })
      assert.strictEqual(
        yield* refusal(path),
        `${path} is not a model folder: it holds a LoRA, which is added to a model with --lora.`,
      )
    }
  }),
)

it.effect("a notice says which of two saves is used, and the hash is of that one", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    yield* Effect.promise(() => writeModel(folder))
    const plain = yield* openModelFolder(folder)
    const single = join(folder, "transformer", "diffusion_pytorch_model.safetensors")
    yield* Effect.promise(async () => {
      await writeFile(single, neededFiles().get("vae/diffusion_pytorch_model.safetensors")!)
      for (const part of ["", "vae", "transformer"]) await writeFile(join(folder, part, "._config.json"), "\0Mac OS X")
      await writeFile(join(folder, "vae", "diffusion_pytorch_model.fp16.safetensors"), "version https://git-lfs")
    })
    const model = yield* openModelFolder(folder)
    assert.lengthOf(model.notices, 1)
    assert.match(model.notices[0]!, /: diffusion_pytorch_model\.safetensors\.index\.json is used\.$/)
    assert.strictEqual(yield* modelHash(model), yield* modelHash(plain))
    yield* Effect.promise(() => rename(single, `${single}.old`))
    assert.isEmpty((yield* openModelFolder(folder)).notices)
    assert.strictEqual(basename(model.transformer.weights.source), "diffusion_pytorch_model.safetensors.index.json")
  }),
)
