import { execFileSync } from "node:child_process"
import { rm } from "node:fs/promises"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { temporaryFolder } from "../../test/temporary-cache.ts"
import { largest, modelIndex, neededFiles } from "../../test/tiny-repository.ts"
import { writeModel } from "../../test/write-model.ts"
import { checkModel } from "./model-folder.ts"
import { resolveModel } from "../cache/resolve-model.ts"

const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
const shard = "transformer/diffusion_pytorch_model-00001-of-00002.safetensors"
const index = "transformer/diffusion_pytorch_model.safetensors.index.json"

/** What is wrong with the tiny model once its files have been changed. */
const problemsAfter = Effect.fnUntraced(function* (change: (files: Map<string, Uint8Array>) => void) {
  const files = neededFiles()
  change(files)
  const folder = yield* temporaryFolder
  return yield* checkModel(yield* Effect.promise(() => writeModel(folder, files)))
})

describe("checkModel", () => {
  it.effect("finds nothing wrong with a whole folder", () =>
    Effect.gen(function* () {
      assert.isEmpty(yield* problemsAfter(() => {}))
      assert.isEmpty(yield* checkModel(yield* resolveModel("emoji-world")))
    }),
  )

  const one: ReadonlyArray<readonly [string, (files: Map<string, Uint8Array>) => void, RegExp]> = [
    [
      "a pipeline of another kind",
      (files) => files.set("model_index.json", json({ _class_name: "FluxPipeline" })),
      /is a FluxPipeline, which cannot be run/,
    ],
    [
      "an index of no JSON",
      (files) => files.set("model_index.json", json("x").slice(1)),
      /model_index\.json is not valid JSON/,
    ],
    ["a missing config", (files) => files.delete("vae/config.json"), /vae.config\.json is missing/],
    [
      "a config of another class",
      (files) => files.set("vae/config.json", json({ _class_name: "AutoencoderKL" })),
      /vae.config\.json describes AutoencoderKL, but model_index\.json says AutoencoderKLCogVideoX/,
    ],
    ["missing weights", (files) => files.delete(largest), /vae holds no diffusion_pytorch_model\.safetensors/],
    [
      "two sets of weights",
      (files) => files.set("vae/model.safetensors", files.get(largest)!),
      /vae holds several sets of weights \(.*model\.safetensors/,
    ],
    [
      "weights that are cut off",
      (files) => files.set(largest, files.get(largest)!.slice(0, -1)),
      /vae.diffusion_pytorch_model\.safetensors is unusable: the tensor "conv\.weight" lies at bytes/,
    ],
    [
      "empty weights",
      (files) => files.set(largest, new Uint8Array()),
      /is unusable: the safetensors file must begin with 8 bytes/,
    ],
    [
      "a Git LFS pointer",
      (files) => files.set(largest, new TextEncoder().encode("version https://git-lfs.github.com/spec/v1\n")),
      /is a Git LFS pointer/,
    ],
    ["a missing shard", (files) => files.delete(shard), /00001-of-00002\.safetensors is missing/],
    [
      "a shard of other tensors",
      (files) => files.set(shard, files.get(largest)!),
      /00001-of-00002\.safetensors lacks the tensor "a"/,
    ],
    ["an index without a map", (files) => files.set(index, json({})), /index\.json has no "weight_map"/],
    [
      "an index that leads away",
      (files) => files.set(index, json({ weight_map: { a: "../a.safetensors" } })),
      /gives the tensor "a" the file "\.\.\/a\.safetensors"/,
    ],
    [
      "a scheduler without a class",
      (files) => files.set("scheduler/scheduler_config.json", json({})),
      /scheduler_config\.json does not name its class/,
    ],
    [
      "a missing tokenizer",
      (files) => files.delete("tokenizer/spiece.model"),
      /tokenizer has neither spiece\.model nor tokenizer\.json/,
    ],
    [
      "a tokenizer of no JSON",
      (files) => files.set("tokenizer/tokenizer.json", json("x").slice(1)),
      /tokenizer\.json is not valid JSON/,
    ],
    [
      "weights in 4 bits, by the config",
      (files) =>
        files.set(
          "vae/config.json",
          json({ quantization_config: { quant_method: "bitsandbytes", load_in_4bit: true } }),
        ),
      /vae is quantized \(bitsandbytes, 4 bits\), which cannot be run: take the component in 16 bits/,
    ],
    [
      "weights of GPTQ, by the config",
      (files) => files.set("vae/config.json", json({ quantization_config: { quant_method: "gptq", bits: 8 } })),
      /vae is quantized \(gptq, 8 bits\)/,
    ],
    [
      "weights of torchao, by the config",
      (files) => files.set("vae/config.json", json({ quantization_config: { quant_method: "torchao" } })),
      /vae is quantized \(torchao\)/,
    ],
    [
      "weights of the first bitsandbytes, by the config",
      (files) => files.set("vae/config.json", json({ quantization_config: { load_in_8bit: true } })),
      /vae is quantized \(bitsandbytes, 8 bits\)/,
    ],
    [
      "a config of 65 MB",
      (files) => files.set("vae/config.json", new Uint8Array(65 * 2 ** 20)),
      /vae.config\.json has 68 MB, more than any file of its kind \(67 MB\)/,
    ],
  ]
  it.effect.each(one)("names %s", ([, change, sentence]) =>
    Effect.gen(function* () {
      const [first] = yield* problemsAfter(change)
      assert.match(first ?? "nothing", sentence)
    }),
  )

  it.effect("reads JSON with the byte order marks that Windows' programs write", () =>
    Effect.gen(function* () {
      const names = [...neededFiles().keys()].filter((name) => name.endsWith(".json"))
      assert.isAbove(names.length, 5)
      const marked = (mark: ReadonlyArray<number>, encode: (text: string) => Uint8Array) =>
        problemsAfter((files) => {
          for (const name of names) {
            const text = new TextDecoder().decode(files.get(name))
            files.set(name, Uint8Array.from([...mark, ...encode(text)]))
          }
        })
      const utf16 = (text: string) => Buffer.from(text, "utf16le")
      assert.isEmpty(yield* marked([0xef, 0xbb, 0xbf], (text) => new TextEncoder().encode(text)))
      assert.isEmpty(yield* marked([0xff, 0xfe], utf16))
      assert.isEmpty(yield* marked([0xfe, 0xff], (text) => utf16(text).swap16()))
    }),
  )

  it.effect("names what is not a regular file, without waiting for it", () =>
    Effect.gen(function* () {
      for (const name of [
        "model_index.json",
        "vae/config.json",
        "scheduler/scheduler_config.json",
        "tokenizer/spiece.model",
        largest,
      ]) {
        const folder = yield* temporaryFolder
        yield* Effect.promise(() => writeModel(folder))
        const path = join(folder, name)
        yield* Effect.promise(() => rm(path))
        execFileSync("mkfifo", [path])
        assert.deepStrictEqual(yield* checkModel(folder), [`${path} is not a regular file: put the file itself there.`])
      }
    }),
  )

  it.effect("names all that is wrong at once", () =>
    Effect.gen(function* () {
      const problems = yield* problemsAfter((files) => {
        files.set("model_index.json", json({ ...modelIndex, vae: ["diffusers", "AutoencoderKL"] }))
        files.delete("transformer/config.json")
        files.delete("text_encoder/model.safetensors")
        files.delete("scheduler/scheduler_config.json")
      })
      // The VAE counts twice: it is of an unknown class, and its own config disagrees.
      assert.lengthOf(problems, 5)
      assert.isTrue(problems.every((problem) => problem.endsWith(".")))
    }),
  )
})
