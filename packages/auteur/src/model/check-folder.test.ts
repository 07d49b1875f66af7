import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { afterAll, beforeAll, expect, it } from "vitest"
import { checkFolder } from "./check-folder.ts"

const bundled = fileURLToPath(new URL("../../../../models/emoji-world", import.meta.url))
let copy = ""
beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), "auteur-check-"))
  await cp(bundled, copy, { recursive: true })
})
afterAll(() => rm(copy, { recursive: true }))

it("finds what does not fit in every part at once", async () => {
  expect((await Effect.runPromise(checkFolder("emoji-world"))).problems).toEqual([])
  for (const [part, from, to] of [
    ["transformer", /"num_layers": \d+/, '"num_layers": 99'],
    ["text_encoder", /"d_ff": \d+/, '"d_ff": 9'],
    ["vae", /"latent_channels": \d+/, '"latent_channels": 12'],
  ] as const) {
    const path = join(copy, part, "config.json")
    await writeFile(path, (await readFile(path, "utf8")).replace(from, to))
  }
  const { problems } = await Effect.runPromise(checkFolder(copy))
  expect(problems.length).toBeGreaterThanOrEqual(2)
  for (const part of ["text_encoder", "vae"]) expect(problems.join("\n")).toContain(`/${part}/`)
})

it("takes what a transformer alone lacks from its base model", async () => {
  const tuned = join(copy, "tuned")
  await cp(join(bundled, "transformer"), join(tuned, "transformer"), { recursive: true })
  const [problem] = (await Effect.runPromise(checkFolder(tuned))).problems
  expect(problem).toContain("name the model that it was trained from as its base (--base-model)")
  expect((await Effect.runPromise(checkFolder(tuned, { baseModel: "emoji-world" }))).problems).toEqual([])
})
