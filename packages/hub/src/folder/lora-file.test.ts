import { writeFile } from "node:fs/promises"
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
