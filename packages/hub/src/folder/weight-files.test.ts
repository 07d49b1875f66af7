import { execFileSync } from "node:child_process"
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { basename, join } from "node:path"
import { encodeSafetensors, Tensor } from "@auteur/core"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { temporaryFolder } from "../../test/temporary-cache.ts"
import { findWeights } from "./weight-files.ts"

type Files = Readonly<Record<string, string | Uint8Array>>

const a = Tensor.from("n", [2], Float32Array.of(1, 2))
const b = Tensor.from("n", [3], Float32Array.of(3, 4, 5))
const [one, other, both] = [encodeSafetensors({ a }), encodeSafetensors({ b }), encodeSafetensors({ a, b })]
const indexOf = (map: unknown) => JSON.stringify({ metadata: { total_size: 20 }, weight_map: map })
const pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n"

const folderOf = Effect.fnUntraced(function* (files: Files) {
  const path = yield* temporaryFolder
  yield* Effect.promise(() =>
    Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(path, name), content))),
  )
  return path
})

/** An index and two shards under a stem, with a variant in both places of the newer save. */
const shards = (stem: string, variant = ""): Files => {
  const [first, second] = [1, 2].map((n) => `${stem}${variant && `.${variant}`}-0000${n}-of-00002.safetensors`)
  return {
    [`${stem}.safetensors.index${variant && `.${variant}`}.json`]: indexOf({ b: second, a: first }),
    [first!]: one,
    [second!]: other,
  }
}

describe("findWeights finds", () => {
  const whole = "diffusion_pytorch_model.safetensors"
  const diffusersShards = [
    "diffusion_pytorch_model-00002-of-00002.safetensors",
    "diffusion_pytorch_model-00001-of-00002.safetensors",
  ]
  const cases: ReadonlyArray<readonly [string, Files, string, ReadonlyArray<string>?]> = [
    ["a file of diffusers", { [whole]: one }, whole],
    ["a file of transformers", { "model.safetensors": one, "config.json": "{}" }, "model.safetensors"],
    ["shards, in the order of their index", shards("diffusion_pytorch_model"), `${whole}.index.json`, diffusersShards],
    [
      "shards whose index says nothing of a tensor",
      { ...shards("model"), "model-00001-of-00002.safetensors": encodeSafetensors({ a, c: b }) },
      "model.safetensors.index.json",
      ["model-00002-of-00002.safetensors", "model-00001-of-00002.safetensors"],
    ],
    [
      "the only variant",
      { "diffusion_pytorch_model.bf16.safetensors": one },
      "diffusion_pytorch_model.bf16.safetensors",
    ],
    ["the only variant, of another name", { "model.non_ema.safetensors": one }, "model.non_ema.safetensors"],
    [
      "shards of a variant",
      shards("diffusion_pytorch_model", "bf16"),
      `${whole}.index.bf16.json`,
      [
        "diffusion_pytorch_model.bf16-00002-of-00002.safetensors",
        "diffusion_pytorch_model.bf16-00001-of-00002.safetensors",
      ],
    ],
    [
      "the full file, whatever variants are beside it",
      {
        [whole]: one,
        "diffusion_pytorch_model.fp16.safetensors": pointer,
        "diffusion_pytorch_model.bf16.safetensors": "",
      },
      whole,
    ],
    [
      "the full shards, whatever variant is beside them",
      { ...shards("diffusion_pytorch_model"), "diffusion_pytorch_model.fp16.safetensors": pointer },
      `${whole}.index.json`,
      diffusersShards,
    ],
    [
      "bfloat16 rather than float16",
      { "model.fp16.safetensors": one, "model.bf16.safetensors": one },
      "model.bf16.safetensors",
    ],
    [
      "a file beside what macOS and tools leave",
      {
        [whole]: one,
        [`._${whole}`]: "Mac OS X",
        ".model.safetensors": "x",
        "model.onnx": "x",
        "flax_model.msgpack": "x",
      },
      whole,
    ],
  ]
  it.effect.each(cases)("%s", ([, files, source, names = [source]]) =>
    Effect.gen(function* () {
      const path = yield* folderOf(files)
      const found = yield* findWeights(path)
      assert.deepStrictEqual(found, { source: join(path, source), files: names.map((name) => join(path, name)) })
    }),
  )

  for (const name of [
    "diffusion_pytorch_model.safetensors.bf16.index.json",
    "diffusion_pytorch_model.bf16.safetensors.index.json",
  ]) {
    it.effect(`shards by an index of the older name ${name}`, () =>
      Effect.gen(function* () {
        const path = yield* folderOf({
          [name]: indexOf({ a: "diffusion_pytorch_model-00001-of-00001.bf16.safetensors" }),
          "diffusion_pytorch_model-00001-of-00001.bf16.safetensors": one,
        })
        assert.strictEqual(basename((yield* findWeights(path)).source), name)
      }),
    )
  }

  it.effect("the shards rather than a single file in diffusers, and says so", () =>
    Effect.gen(function* () {
      const path = yield* folderOf({ ...shards("diffusion_pytorch_model"), [whole]: both })
      const { source, notice } = yield* findWeights(path)
      assert.strictEqual(basename(source), `${whole}.index.json`)
      assert.strictEqual(notice, `${path} holds ${whole}.index.json and ${whole}: ${whole}.index.json is used.`)
    }),
  )

  for (const stem of ["model", "diffusion_pytorch_model"]) {
    it.effect(`the single file ${stem} where an index is left of shards that are gone, and says so`, () =>
      Effect.gen(function* () {
        const [single, index] = [`${stem}.safetensors`, `${stem}.safetensors.index.json`]
        const path = yield* folderOf({ [index]: indexOf({ a: `${stem}-00001-of-00002.safetensors` }), [single]: one })
        assert.deepStrictEqual(yield* findWeights(path), {
          source: join(path, single),
          files: [join(path, single)],
          notice: `${path} holds ${single} and ${index}: ${single} is used.`,
        })
      }),
    )
  }
})

describe("findWeights refuses", () => {
  const index = "model.safetensors.index.json"
  const shard = "model-00001-of-00002.safetensors"
  const none = "holds no diffusion_pytorch_model.safetensors, model.safetensors or index of shards:"
  const cases: ReadonlyArray<readonly [string, Files, (path: string) => string]> = [
    ["an empty folder", {}, (path) => `${path} ${none} download the model again.`],
    [
      "pickles",
      { "pytorch_model.bin": "x" },
      (path) =>
        `${path} ${none} pytorch_model.bin is in a format that can run code when it is read; save the model as safetensors.`,
    ],
    [
      "GGUF",
      { "model-Q4_K.gguf": "GGUF" },
      (path) =>
        `${path} ${none} model-Q4_K.gguf is a GGUF file, whose quantized weights cannot be run; take the component in 16 bits.`,
    ],
    [
      "a file of another name",
      { "wan.safetensors": one },
      (path) => `${path} ${none} if wan.safetensors holds its weights, rename it to one of these.`,
    ],
    [
      "shards without their index",
      { [shard]: one },
      (path) => `${path} ${none} ${shard} is a shard without its index; download the index too.`,
    ],
    [
      "two files",
      { "model.safetensors": one, "diffusion_pytorch_model.safetensors": one },
      (path) =>
        `${path} holds several sets of weights (diffusion_pytorch_model.safetensors, model.safetensors): remove all but one.`,
    ],
    [
      "several variants of unknown names",
      { "model.a.safetensors": one, "model.b.safetensors": one },
      (path) => `${path} holds several sets of weights (model.a.safetensors, model.b.safetensors): remove all but one.`,
    ],
    [
      "a file and all shards of transformers, of which nothing tells the newer",
      { ...shards("model"), "model.safetensors": both },
      (path) => `${path} holds several sets of weights (model.safetensors, ${index}): remove all but one.`,
    ],
    [
      "an empty file",
      { "model.safetensors": "" },
      (path) =>
        `${path}/model.safetensors is unusable: the safetensors file must begin with 8 bytes of header length, but has 0; download it again.`,
    ],
    [
      "a pointer of Git LFS that is needed",
      { "model.safetensors": pointer },
      (path) =>
        `${path}/model.safetensors is a Git LFS pointer, not the weights themselves: fetch them with \`git lfs pull\` or \`auteur models pull\`.`,
    ],
    [
      "a shard that is a pointer",
      { ...shards("model"), [shard]: pointer },
      (path) =>
        `${path}/${shard} is a Git LFS pointer, not the weights themselves: fetch them with \`git lfs pull\` or \`auteur models pull\`.`,
    ],
    [
      "a file that is cut off",
      { "model.safetensors": one.subarray(0, -3) },
      (path) => `${path}/model.safetensors is unusable: the tensor "a" lies`,
    ],
    ["an index that is not JSON", { [index]: "{" }, (path) => `${path}/${index} is not valid JSON: download it again.`],
    [
      "an index without a map",
      { [index]: "{}" },
      (path) => `The index ${path}/${index} has no "weight_map" from tensor names to files: download it again.`,
    ],
    [
      "a missing shard",
      { [index]: indexOf({ a: shard }) },
      (path) => `${path}/${shard} is missing: the model folder is incomplete, download it again.`,
    ],
    [
      "a missing shard beside a single file",
      {
        "diffusion_pytorch_model.safetensors.index.json": indexOf({ a: "x.safetensors", b: "y.safetensors" }),
        "y.safetensors": other,
        "diffusion_pytorch_model.safetensors": one,
      },
      (path) =>
        `${path}/x.safetensors is missing: the model folder is incomplete, download it again; if diffusion_pytorch_model.safetensors is the model, remove ${path}/diffusion_pytorch_model.safetensors.index.json.`,
    ],
    [
      "a shard that lacks a tensor",
      { [index]: indexOf({ a: shard, b: shard }), [shard]: one },
      (path) => `${path}/${shard} lacks the tensor "b", which the index says it holds: download it again.`,
    ],
    [
      "a tensor in two shards",
      { [index]: indexOf({ a: shard, b: "two.safetensors" }), [shard]: one, "two.safetensors": both },
      (path) =>
        `The shards ${shard} and two.safetensors of ${path}/${index} both hold the tensor "a": download the model again.`,
    ],
    [
      "a tensor that is listed twice",
      { [index]: '{"weight_map": {"a": "one.safetensors", "a": "two.safetensors"}}', "two.safetensors": one },
      (path) => `The index ${path}/${index} lists the tensor "a" twice: download it again.`,
    ],
    [
      "a shard outside of the folder",
      { [index]: indexOf({ a: "../one.safetensors" }) },
      (path) =>
        `The index ${path}/${index} gives the tensor "a" the file "../one.safetensors", which is not the name of a .safetensors file: download it again.`,
    ],
    [
      "helpers of bitsandbytes",
      { "model.safetensors": encodeSafetensors({ "q.weight": a, "q.weight.absmax": a }) },
      (path) =>
        `${path}/model.safetensors is quantized (bitsandbytes, 4 bits), which cannot be run: take the component in 16 bits (float16 or bfloat16).`,
    ],
    [
      "helpers of GPTQ",
      { "model.safetensors": encodeSafetensors({ "q.qweight": a, "q.qzeros": a }) },
      (path) => `${path}/model.safetensors is quantized (GPTQ or AWQ), which`,
    ],
    [
      "helpers of quanto",
      { "model.safetensors": encodeSafetensors({ "q.weight._data": a, "q.weight._scale": a }) },
      (path) => `${path}/model.safetensors is quantized (quanto), which`,
    ],
  ]
  it.effect.each(cases)("%s", ([, files, sentence]) =>
    Effect.gen(function* () {
      const path = yield* folderOf(files)
      const error = yield* Effect.flip(findWeights(path))
      assert.strictEqual(error._tag, "ModelError")
      assert.include(error.message, sentence(path))
    }),
  )

  it.effect("floats of 8 bits", () =>
    Effect.gen(function* () {
      const header = `{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}`
      const file = Buffer.concat([Buffer.alloc(8), Buffer.from(header), Buffer.alloc(2)])
      file.writeBigUInt64LE(BigInt(header.length))
      const path = yield* folderOf({ "model.safetensors": file })
      assert.match(
        (yield* Effect.flip(findWeights(path))).message,
        /is quantized \(8-bit floating point, float8_e4m3\)/,
      )
    }),
  )

  it.effect("a named pipe, a device, a folder, a link to nothing and a link to itself", () =>
    Effect.gen(function* () {
      const refusal = Effect.fnUntraced(function* (make: (path: string) => Promise<unknown> | unknown) {
        const path = join(yield* temporaryFolder, "model.safetensors")
        yield* Effect.promise(async () => make(path))
        return (yield* Effect.flip(findWeights(join(path, "..")))).message.replace(path, "FILE")
      })
      const irregular = "FILE is not a regular file: put the file itself there."
      assert.strictEqual(yield* refusal((path) => execFileSync("mkfifo", [path])), irregular)
      assert.strictEqual(yield* refusal((path) => symlink("/dev/zero", path)), irregular)
      assert.match(yield* refusal((path) => mkdir(path)), /^FILE is a folder where a file is expected/)
      assert.match(yield* refusal((path) => symlink("gone", path)), /^FILE is missing/)
      assert.match(yield* refusal((path) => symlink(path, path)), /^FILE is a link that leads back to itself/)
    }),
  )
})
