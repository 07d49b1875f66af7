import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { safetensorsHeaderLength } from "@auteur/core"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { openModelFolder } from "./model-folder.ts"
import { modelHash } from "./model-hash.ts"

const bundled = fileURLToPath(new URL("../../../../models/emoji-world", import.meta.url))
let copy = ""
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "auteur-hash-"))
  await cp(bundled, copy, { recursive: true })
})
afterAll(() => rm(copy, { recursive: true }))
/** The hash of a folder, whose files are found once: what is in them may change. */
const opened = (path: string) => Effect.runPromise(openModelFolder(path))
const hash = async (of = opened(copy)) => Effect.runPromise(modelHash(await of))

/** Hashes the copy while a file in it is other than it was. */
const hashWith = async (file: string, change: (bytes: Buffer) => Buffer): Promise<string> => {
  const path = join(copy, file)
  const folder = await opened(copy)
  const before = await readFile(path)
  await writeFile(path, change(Buffer.from(before)))
  try {
    return await Effect.runPromise(modelHash(folder))
  } finally {
    await writeFile(path, before)
  }
}

it("a copy has the same hash wherever it lies, whatever is written about it", async () => {
  await writeFile(join(copy, "README.md"), "other words")
  expect(await hash()).toBe(await hash(opened(bundled)))
})

it.each([
  ["scheduler/scheduler_config.json", (bytes: Buffer) => Buffer.concat([bytes, Buffer.from(" ")])],
  ["tokenizer/spiece.model", (bytes: Buffer) => bytes.fill(1, 1000, 1001)],
  ["vae/diffusion_pytorch_model.safetensors", (bytes: Buffer) => bytes.subarray(0, -64)],
  [
    // As another training would: the header stays.
    "transformer/diffusion_pytorch_model.safetensors",
    (bytes: Buffer) => {
      for (let i = 8 + safetensorsHeaderLength(bytes, bytes.length); i < bytes.length; i++) bytes[i]! ^= 1
      return bytes
    },
  ],
])("another %s gives another hash", async (file, change) => {
  expect(await hashWith(file, change)).not.toBe(await hash())
})
