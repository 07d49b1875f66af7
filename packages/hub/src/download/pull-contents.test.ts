import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { repositoryId } from "../../test/hub-server.ts"
import { hubServer, temporaryFolder } from "../../test/temporary-cache.ts"
import { largest, neededFiles } from "../../test/tiny-repository.ts"
import { resolveModel } from "../cache/resolve-model.ts"
import { findLora } from "../folder/lora-file.ts"
import { checkModel, openModelFolder } from "../folder/model-folder.ts"
import { pullModel } from "./pull-model.ts"

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const weights = neededFiles().get(largest)!

/** Pulls from a repository of these files: the outcome, and the names of what has come. */
const pullOf = Effect.fnUntraced(function* (
  files: Readonly<Record<string, Uint8Array>> | ReadonlyMap<string, Uint8Array>,
  name: string = repositoryId,
) {
  const cache = yield* temporaryFolder
  const hub = yield* hubServer(files instanceof Map ? files : new Map(Object.entries(files)))
  const env = { HF_HOME: cache, HF_HUB_CACHE: cache, HF_ENDPOINT: hub.url }
  const pulled = yield* pullModel(name, { env })
  const entries = yield* Effect.promise(() => readdir(pulled.path, { recursive: true, withFileTypes: true }))
  const names = entries.filter((entry) => !entry.isDirectory()).map(({ parentPath, name }) => join(parentPath, name))
  return {
    pulled,
    env,
    names: names.map((path) => path.slice(pulled.path.length + 1).replaceAll("\\", "/")).toSorted(),
  }
})
const refusal = (...given: Parameters<typeof pullOf>) =>
  Effect.map(Effect.flip(pullOf(...given)), ({ message }) => message)

describe("pullModel of a repository that holds", () => {
  it.live("only a variant, whose files carry its name", () =>
    Effect.gen(function* () {
      const files = new Map(
        [...neededFiles()].map(([path, bytes]) => {
          const name = path
            .replace(/(-\d+-of-\d+)\.safetensors$/, ".bf16$1.safetensors")
            .replace(/model\.safetensors$/, "model.bf16.safetensors")
            .replace(/\.index\.json$/, ".index.bf16.json")
          const text = new TextDecoder().decode(bytes)
          return [
            name,
            name.includes(".index.") ? new TextEncoder().encode(text.replaceAll("model-", "model.bf16-")) : bytes,
          ]
        }),
      )
      const { pulled, names, env } = yield* pullOf(files)
      assert.strictEqual(pulled.kind, "model")
      assert.deepStrictEqual(names, [...files.keys()].toSorted())
      assert.isEmpty(yield* checkModel(yield* resolveModel(repositoryId, { env })))
    }),
  )

  it.live("an old single file beside newer shards: the shards alone", () =>
    Effect.gen(function* () {
      const files = neededFiles()
      files.set("transformer/diffusion_pytorch_model.safetensors", weights)
      files.set("transformer/diffusion_pytorch_model.fp16.safetensors", weights)
      const { names } = yield* pullOf(files)
      assert.deepStrictEqual(names, [...neededFiles().keys()].toSorted())
    }),
  )

  it.live("weights of 4 bits: refused before they come", () =>
    Effect.gen(function* () {
      const files = neededFiles()
      const quantization_config = { quant_method: "bitsandbytes", load_in_4bit: true }
      files.set("text_encoder/config.json", json({ architectures: ["T5EncoderModel"], quantization_config }))
      assert.match(
        yield* refusal(files),
        /tiny-video is quantized \(bitsandbytes, 4 bits in text_encoder\/config\.json\), which cannot be run/,
      )
    }),
  )

  it.live("a LoRA of diffusers or of PEFT, and says what it is", () =>
    Effect.gen(function* () {
      const diffusers = yield* pullOf({
        "README.md": json(""),
        "pytorch_lora_weights.safetensors": weights,
        "other.safetensors": weights,
      })
      assert.strictEqual(diffusers.pulled.kind, "lora")
      assert.deepStrictEqual(diffusers.names, ["pytorch_lora_weights.safetensors"])
      assert.strictEqual(
        (yield* findLora(repositoryId, diffusers)).path,
        join(diffusers.pulled.path, diffusers.names[0]!),
      )
      const peft = yield* pullOf({ "adapter_config.json": json({ r: 4 }), "adapter_model.safetensors": weights })
      assert.deepStrictEqual(peft.names, ["adapter_config.json", "adapter_model.safetensors"])
      assert.deepStrictEqual((yield* findLora(repositoryId, peft)).config, { r: 4 })
    }),
  )

  it.live("several LoRA files: names them, and fetches the one that is named", () =>
    Effect.gen(function* () {
      const files = { "a/fox.safetensors": weights, "owl.safetensors": weights, "cat.safetensors": weights }
      assert.match(
        yield* refusal(files),
        /holds no model but the files a\/fox\.safetensors, cat\.safetensors, owl\.safetensors: .* as in ORG\/NAME\/a\/fox\.safetensors/,
      )
      const name = `${repositoryId}/a/fox.safetensors`
      const { pulled, names, env } = yield* pullOf(files, name)
      assert.deepInclude(pulled, { name, kind: "lora" })
      assert.deepStrictEqual(names, ["a/fox.safetensors"])
      const found = yield* findLora(name, { env })
      assert.deepStrictEqual(yield* Effect.promise(() => readFile(found.path)), Buffer.from(weights))
      assert.match(yield* refusal(files, `${repositoryId}/dog.safetensors`), /tiny-video has no dog\.safetensors/)
    }),
  )

  it.live("a transformer alone, in its folder or at the top, to be used with a base model", () =>
    Effect.gen(function* () {
      const base = yield* pullOf(neededFiles())
      const own = [...neededFiles()].filter(([path]) => path.startsWith("transformer/"))
      for (const files of [
        new Map(own),
        new Map(own.map(([path, bytes]) => [path.slice("transformer/".length), bytes])),
      ]) {
        const { pulled, names, env } = yield* pullOf(files)
        assert.strictEqual(pulled.kind, "components")
        assert.deepStrictEqual(names, [...files.keys()].toSorted())
        const path = yield* resolveModel(repositoryId, { env })
        const model = yield* openModelFolder(path, { base: base.pulled.path })
        assert.strictEqual(model.name, repositoryId)
        assert.match((yield* Effect.flip(openModelFolder(path))).message, /holds only the transformer of a model/)
      }
    }),
  )

  it.live("a model of another kind at the top", () =>
    Effect.gen(function* () {
      const files = { "config.json": json({ architectures: ["BertModel"] }), "model.safetensors": weights }
      assert.match(
        yield* refusal(files),
        /tiny-video is neither a model in the layout of diffusers nor a transformer, vae, text_encoder of one/,
      )
    }),
  )
})
