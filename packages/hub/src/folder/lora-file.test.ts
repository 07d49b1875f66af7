import { execFileSync } from "node:child_process"
import { mkdir, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { encodeSafetensors, Tensor } from "@auteur/core"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { temporaryFolder } from "../../test/temporary-cache.ts"
import { findLora } from "./lora-file.ts"

const a = Tensor.from("n", [2], Float32Array.of(1, 2))
const lora = encodeSafetensors({ a }, { format: "pt" })

const folderWith = Effect.fnUntraced(function* (...names: ReadonlyArray<string>) {
  const folder = yield* temporaryFolder
  yield* Effect.promise(() => Promise.all(names.map((name) => writeFile(join(folder, name), lora))))
  return folder
})

it.effect("finds a file by its name, by its folder, and where it is the only one in the folder", () =>
  Effect.gen(function* () {
    const usual = yield* folderWith("pytorch_lora_weights.safetensors", "other.safetensors")
    const only = yield* folderWith("fox.safetensors", "README.md")
    for (const [path, source] of [
      [join(usual, "other.safetensors"), join(usual, "other.safetensors")],
      [usual, join(usual, "pytorch_lora_weights.safetensors")],
      [only, join(only, "fox.safetensors")],
    ] as const) {
      const found = yield* findLora(path)
      assert.deepStrictEqual(found, { path: source, config: undefined })
    }
  }),
)

it.effect("reads the config that PEFT writes beside its file, whatever the file is called", () =>
  Effect.gen(function* () {
    const config = { peft_type: "LORA", r: 4, lora_alpha: 8 }
    const folderOf = Effect.fnUntraced(function* (...names: ReadonlyArray<string>) {
      const folder = yield* folderWith(...names)
      yield* Effect.promise(() => writeFile(join(folder, "adapter_config.json"), `\ufeff${JSON.stringify(config)}`))
      return folder
    })
    const usual = yield* folderOf("adapter_model.safetensors", "optimizer.safetensors")
    const path = join(usual, "adapter_model.safetensors")
    assert.deepStrictEqual(yield* findLora(usual), { path, config })
    assert.deepStrictEqual(yield* findLora(path), { path, config })
    const renamed = yield* folderOf("fox.safetensors")
    assert.deepStrictEqual((yield* findLora(renamed)).config, config)
    // The file of diffusers says by itself what it needs.
    const both = yield* folderOf("pytorch_lora_weights.safetensors", "adapter_model.safetensors")
    assert.deepStrictEqual(yield* findLora(both), {
      path: join(both, "pytorch_lora_weights.safetensors"),
      config: undefined,
    })
    yield* Effect.promise(() => writeFile(join(usual, "adapter_config.json"), "{"))
    assert.match((yield* Effect.flip(findLora(usual))).message, /adapter_config\.json is not valid JSON/)
  }),
)

it.effect("finds one that was fetched from Hugging Face, or says how to fetch it", () =>
  Effect.gen(function* () {
    const cache = yield* temporaryFolder
    const env = { HF_HUB_CACHE: cache }
    const commit = "a".repeat(40)
    const snapshot = join(cache, "models--someone--fox", "snapshots", commit)
    yield* Effect.promise(async () => {
      await mkdir(join(snapshot, "sub"), { recursive: true })
      await mkdir(join(cache, "models--someone--fox", "refs"))
      await writeFile(join(cache, "models--someone--fox", "refs", "main"), commit)
      await writeFile(join(snapshot, "fox.safetensors"), lora)
      await writeFile(join(snapshot, "sub", "b.safetensors"), lora)
    })
    const found = (name: string) => Effect.map(findLora(name, { env }), ({ path }) => path)
    assert.strictEqual(yield* found("someone/fox"), join(snapshot, "fox.safetensors"))
    assert.strictEqual(yield* found(`someone/fox@${commit}`), join(snapshot, "fox.safetensors"))
    assert.strictEqual(yield* found("someone/fox/sub/b.safetensors"), join(snapshot, "sub", "b.safetensors"))
    const refusal = (name: string) => Effect.map(Effect.flip(findLora(name, { env })), ({ message }) => message)
    assert.strictEqual(
      yield* refusal("someone/some-lora"),
      'There is no LoRA "someone/some-lora": it is neither a file or folder here nor among what was fetched. Fetch it with `auteur models pull someone/some-lora`, or check the path.',
    )
    assert.match(
      yield* refusal("someone/fox/other.safetensors"),
      /`auteur models pull someone\/fox\/other\.safetensors`/,
    )
    assert.strictEqual(yield* refusal("loras/fox.safetensors"), "loras/fox.safetensors does not exist: check the path.")
  }),
)

it.effect("refuses a named pipe and a link to itself", () =>
  Effect.gen(function* () {
    const folder = yield* temporaryFolder
    const [pipe, loop] = [join(folder, "pipe.safetensors"), join(folder, "loop.safetensors")]
    execFileSync("mkfifo", [pipe])
    yield* Effect.promise(() => symlink(loop, loop))
    assert.match((yield* Effect.flip(findLora(pipe))).message, /pipe\.safetensors is not a regular file/)
    assert.match((yield* Effect.flip(findLora(loop))).message, /loop\.safetensors is a link that leads back to itself/)
  }),
)

it.effect.each([
  [
    ["a.safetensors", "b.safetensors"],
    "",
    /holds several LoRA files \(a\.safetensors, b\.safetensors\): name one of them\.$/,
  ],
  [
    ["pytorch_lora_weights.bin"],
    "",
    /pytorch_lora_weights\.bin is in a format that can run code .* save it as safetensors/,
  ],
  [["fox.pt"], "fox.pt", /fox\.pt is in a format that can run code/],
  [["README.md"], "", /holds no LoRA: a file pytorch_lora_weights\.safetensors is expected in it\.$/],
  [[], "fox.safetensors", /fox\.safetensors does not exist: check the path/],
] as const)("refuses %s", ([names, name, message]) =>
  Effect.gen(function* () {
    const folder = yield* folderWith(...names)
    const error = yield* Effect.flip(findLora(join(folder, name)))
    assert.strictEqual(error._tag, "ModelError")
    assert.match(error.message, message)
  }),
)
