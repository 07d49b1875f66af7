import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { encodeSafetensors, readSafetensorsHeader, Tensor } from "@auteur/core"
import { layer } from "@auteur/engine/node"
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach } from "vitest"
import { runFolder } from "./run-folder.ts"

const golden = join(import.meta.dirname, "../golden")
let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-parity-"))
})
afterEach(() => rm(folder, { recursive: true }))

const run = Effect.fnUntraced(function* (path: string) {
  const lines: Array<string> = []
  const code = yield* runFolder(path, (line) => lines.push(line))
  return { code, lines, rowOf: (name: string) => lines.find((line) => line.startsWith(`${name} `)) ?? "" }
})

const copy = (name: string, as = name) =>
  Effect.promise(async () => {
    await mkdir(dirname(join(folder, as)), { recursive: true })
    await cp(join(golden, name), join(folder, as), { recursive: true })
  })

const write = (name: string, content: string | Uint8Array) =>
  Effect.promise(async () => {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), content)
  })

/** Adds to the first number of a tensor. */
const spoil = (file: string, tensor: string, by: number) =>
  Effect.promise(async () => {
    const bytes = new Uint8Array(await readFile(join(folder, file)))
    const { tensors, dataStart } = readSafetensorsHeader(bytes, bytes.length)
    const view = new DataView(bytes.buffer, dataStart + tensors.get(tensor)!.begin)
    view.setFloat32(0, view.getFloat32(0, true) + by, true)
    await writeFile(join(folder, file), bytes)
  })

withLayer(layer({ threads: 1 }))("npm run parity", (it) => {
  it.effect("passes on the reference values and names what is not covered", () =>
    Effect.gen(function* () {
      const { code, lines, rowOf } = yield* run(golden)
      assert.deepStrictEqual(
        lines.filter((line) => line.includes("FAIL")),
        [],
      )
      assert.strictEqual(code, 0)
      assert.strictEqual(lines.at(-1), "21 passed, 0 failed, 1 not covered")
      for (const name of ["training/t5"]) assert.match(rowOf(name), /· not covered$/)
      assert.match(lines[0]!, /^case +· max abs error · +bound · pass$/)
      assert.match(rowOf("pipelines/t2v-ddim"), /^pipelines\/t2v-ddim +· +\d\.\de-\d · +1\.0e-4 · pass$/)
    }),
  )

  it.effect.each([
    ["random", "out.randn.42.17", 3e-6],
    ["random", "out.rand.0.9", 1e-7],
    ["schedulers/ddim-cogvideox-2b", "out.sample.10.3", 1e-3],
    ["schedulers/ddim-cogvideox-2b", "out.timesteps.7", 1],
    ["schedulers/add-noise", "out.velocity", 1e-3],
    ["transformer/v15-i2v", "out.sample", 1e-4],
    ["vae", "out.tiled_mean", 1e-4],
    ["vae", "out.decoded.3", 1e-4],
    ["text/t5", "out.masked", 1e-4],
    ["pipelines/t2v-ddim", "out.frames", 1e-3],
    ["pipelines/t2v-v15", "out.latents.0", 1e-3],
    ["lora", "out.latents.both", 1e-3],
    ["caches", "out.latents.pyramid-2", 1e-3],
    ["caches", "out.latents.first-block-1.3", 1e-3],
  ] as const)("fails on a wrong value: %s %s", ([name, tensor, by]) =>
    Effect.gen(function* () {
      yield* copy(name, "spoiled")
      if (name === "schedulers/add-noise") yield* copy("schedulers/ddim-cogvideox-2b", "ddim-cogvideox-2b")
      if (name === "caches") yield* copy("lora/model")
      yield* spoil("spoiled/io.safetensors", tensor, by)
      const { code, rowOf } = yield* run(folder)
      assert.strictEqual(code, 1)
      assert.include(rowOf("spoiled"), `FAIL: ${tensor.slice("out.".length)}`)
    }),
  )

  it.effect("fails on a wrong id", () =>
    Effect.gen(function* () {
      yield* copy("text/tokenizer", "words")
      const cases = yield* Effect.promise(() => readFile(join(folder, "words/cases.json"), "utf8"))
      yield* write("words/cases.json", cases.replace(/"sentencepiece_ids": \[\s*\d+/, '"sentencepiece_ids": [99'))
      const { code, rowOf } = yield* run(folder)
      assert.strictEqual(code, 1)
      assert.match(rowOf("words"), / 1 · +0 · FAIL: sentencepiece_ids of "a fox runs"$/)
    }),
  )

  it.effect("fails on shapes that the model does not have", () =>
    Effect.gen(function* () {
      const file = JSON.parse(yield* Effect.promise(() => readFile(join(golden, "shapes/cogvideox--vae.json"), "utf8")))
      yield* write("more.json", JSON.stringify({ ...file, tensors: { ...file.tensors, "decoder.extra.weight": [3] } }))
      yield* write(
        "less.json",
        JSON.stringify({ ...file, tensors: { ...file.tensors, "encoder.conv_in.conv.weight": [3] } }),
      )
      const { code, rowOf } = yield* run(folder)
      assert.strictEqual(code, 1)
      assert.match(rowOf("more.json"), /FAIL: .*decoder\.extra\.weight is used 0 times/)
      assert.match(rowOf("less.json"), /FAIL: .*encoder\.conv_in\.conv\.weight/)
    }),
  )

  it.effect("recognises a case by its content, under any name and at any depth", () =>
    Effect.gen(function* () {
      yield* copy("schedulers/flow-heun-shift3", "some where/else/x")
      yield* copy("text/tokenizer", "some where/words")
      const { code, rowOf } = yield* run(folder)
      assert.strictEqual(code, 0)
      assert.match(rowOf("some where/else/x"), /· pass$/)
      assert.match(rowOf("some where/words"), /· pass$/)
    }),
  )

  it.effect("runs a single case and a sub-tree", () =>
    Effect.gen(function* () {
      const single = yield* run(join(golden, "text/t5"))
      assert.deepStrictEqual([single.code, single.lines.at(-1)], [0, "1 passed, 0 failed, 0 not covered"])
      const tree = yield* run(join(golden, "schedulers"))
      assert.deepStrictEqual([tree.code, tree.lines.at(-1)], [0, "3 passed, 0 failed, 0 not covered"])
    }),
  )

  it.effect("fails on folders and files that it does not know", () =>
    Effect.gen(function* () {
      yield* copy("schedulers/ddim-cogvideox-2b", "known")
      yield* write("mystery/io.safetensors", encodeSafetensors({ "out.x": Tensor.zeros("a", [1]) }))
      yield* write("binary/blob.bin", "?")
      yield* write("other.json", "{}")
      yield* Effect.promise(() => mkdir(join(folder, "empty")))
      const { code, lines, rowOf } = yield* run(folder)
      assert.strictEqual(code, 1)
      assert.strictEqual(lines.at(-1), "1 passed, 4 failed, 0 not covered")
      assert.match(rowOf("mystery"), /FAIL: This folder is not recognised as a case: it holds io\.safetensors\.$/)
      assert.match(rowOf("binary"), /FAIL: This folder is not recognised/)
      assert.match(rowOf("empty"), /FAIL: This folder is not recognised as a case: it holds nothing\.$/)
      assert.match(rowOf("other.json"), /FAIL: This file is not recognised/)
    }),
  )

  it.effect("fails on values that nothing is compared with", () =>
    Effect.gen(function* () {
      yield* copy("text/t5", "t5")
      const bytes = encodeSafetensors({
        "in.input_ids": Tensor.from("batch tokens", [1, 2], BigInt64Array.of(1n, 2n), "int64"),
        "out.hidden": Tensor.zeros("a", [1]),
      })
      yield* write("t5/io.safetensors", bytes)
      const { code, rowOf } = yield* run(folder)
      assert.strictEqual(code, 1)
      assert.match(rowOf("t5"), /FAIL: These values were not compared with anything: out\.hidden\.$/)
    }),
  )

  it.effect("gives a damaged case a row that names the file, and runs the others", () =>
    Effect.gen(function* () {
      for (const name of ["no-values", "cut-values", "no-weights", "bad-config"])
        yield* copy("transformer/v15-i2v", name)
      yield* Effect.promise(() => rm(join(folder, "no-values/io.safetensors")))
      yield* Effect.promise(() => truncate(join(folder, "cut-values/io.safetensors"), 1000))
      yield* Effect.promise(() => rm(join(folder, "no-weights/diffusion_pytorch_model.safetensors")))
      yield* write("bad-config/config.json", "{")
      yield* copy("schedulers/ddim-cogvideox-2b", "whole")
      const { code, lines, rowOf } = yield* run(folder)
      assert.strictEqual(code, 1)
      assert.strictEqual(lines.at(-1), "1 passed, 4 failed, 0 not covered")
      assert.match(rowOf("no-values"), /FAIL: .*no-values.io\.safetensors is missing\.$/)
      assert.match(rowOf("cut-values"), /FAIL: .*cut-values.io\.safetensors cannot be read: /)
      assert.match(rowOf("no-weights"), /FAIL: .*no-weights has no weights/)
      assert.match(rowOf("bad-config"), /FAIL: .*bad-config.config\.json is not valid JSON\.$/)
    }),
  )

  it.effect("refuses a pipeline's setting that it cannot follow", () =>
    Effect.gen(function* () {
      yield* copy("pipelines/t2v-ddim", "run")
      const json = JSON.parse(yield* Effect.promise(() => readFile(join(folder, "run/case.json"), "utf8")))
      yield* write("run/case.json", JSON.stringify({ ...json, eta: 0.5 }))
      const { rowOf } = yield* run(folder)
      assert.match(rowOf("run"), /FAIL: case\.json sets "eta" to 0\.5, which is not a setting that can be followed\.$/)
    }),
  )

  it.effect("ends with 2 where there is no case to run", () =>
    Effect.gen(function* () {
      const missing = yield* run(join(folder, "nowhere"))
      assert.deepStrictEqual([missing.code, missing.lines.length], [2, 1])
      assert.match(missing.lines[0]!, /There is no folder .*nowhere/)
      const empty = yield* run(folder)
      assert.deepStrictEqual([empty.code, empty.lines.length], [2, 1])
      assert.match(empty.lines[0]!, /holds no case/)
      const file = yield* run(join(golden, "lora/case.json"))
      assert.strictEqual(file.code, 2)
    }),
  )
})
