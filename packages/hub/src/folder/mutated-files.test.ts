import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as fc from "fast-check"
import { afterAll, beforeAll, expect, it } from "vitest"
import { neededFiles } from "../../test/tiny-repository.ts"
import { writeModel } from "../../test/write-model.ts"
import { findLora } from "./lora-file.ts"
import { checkModel, openModelFolder } from "./model-folder.ts"

const index = "transformer/diffusion_pytorch_model.safetensors.index.json"
const good = neededFiles()
const targets = [...good.keys()].filter((name) => name !== "tokenizer/spiece.model")
let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-mutated-"))
  await writeModel(folder, good)
})
afterAll(() => rm(folder, { recursive: true }))

/** Changes at the beginning of a file, where headers and configs are: bytes, pieces taken out or repeated, a cut. */
const mutation = fc.oneof(
  fc.record({ kind: fc.constant("byte"), at: fc.nat(400), value: fc.nat(255) }),
  fc.record({ kind: fc.constant("cut"), at: fc.nat(400), value: fc.nat(40) }),
  fc.record({ kind: fc.constant("repeat"), at: fc.nat(400), value: fc.nat(40) }),
  fc.record({ kind: fc.constant("end"), at: fc.nat(400), value: fc.constant(0) }),
)
const mutate = (bytes: Uint8Array, { kind, at, value }: { kind: string; at: number; value: number }): Uint8Array => {
  const begin = at % (bytes.length + 1)
  const [head, tail] = [bytes.subarray(0, begin), bytes.subarray(begin)]
  if (kind === "end") return head
  if (kind === "byte") return Buffer.concat([head, Uint8Array.of(value), tail.subarray(1)])
  return Buffer.concat([head, bytes.subarray(kind === "cut" ? begin + value : Math.max(0, begin - value))])
}

/** The tag of a failure; `opened` where there is none. A defect rejects. */
const tagOf = (effect: Effect.Effect<unknown, { readonly _tag: string }>): Promise<string> =>
  Effect.runPromise(Effect.match(effect, { onSuccess: () => "opened", onFailure: ({ _tag }) => _tag }))

it("a model folder with a changed file is opened or refused in sentences, never otherwise", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...targets),
      fc.array(mutation, { minLength: 1, maxLength: 3 }),
      async (name, changes) => {
        const bytes = good.get(name)!
        await writeFile(join(folder, name), changes.reduce(mutate, bytes))
        try {
          const problems = await Effect.runPromise(checkModel(folder))
          expect(await tagOf(openModelFolder(folder))).toBe(problems.length === 0 ? "opened" : "ModelError")
          for (const problem of problems) expect(problem).toMatch(/\.$/)
        } finally {
          await writeFile(join(folder, name), bytes)
        }
      },
    ),
    { numRuns: 80, seed: 1 },
  )
})

it("an index or a config of any JSON is read or refused", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(index, "model_index.json", "vae/config.json"),
      fc.jsonValue(),
      fc.string(),
      async (name, value, key) => {
        const bytes = good.get(name)!
        const file = name === index ? { weight_map: { [key]: value } } : value
        await writeFile(join(folder, name), JSON.stringify(file))
        try {
          expect(await tagOf(openModelFolder(folder))).toMatch(/^(opened|ModelError)$/)
        } finally {
          await writeFile(join(folder, name), bytes)
        }
      },
    ),
    { numRuns: 60, seed: 2 },
  )
})

it("a changed adapter_config.json is read or refused", async () => {
  const lora = join(folder, "lora")
  await writeModel(lora, new Map([["adapter_model.safetensors", new Uint8Array(8)]]))
  const config = new TextEncoder().encode(JSON.stringify({ peft_type: "LORA", r: 4, alpha_pattern: { "a.b": 8 } }))
  await fc.assert(
    fc.asyncProperty(fc.array(mutation, { maxLength: 3 }), async (changes) => {
      await writeFile(join(lora, "adapter_config.json"), changes.reduce(mutate, config))
      expect(await tagOf(findLora(lora))).toMatch(/^(opened|ModelError)$/)
    }),
    { numRuns: 60, seed: 3 },
  )
})
