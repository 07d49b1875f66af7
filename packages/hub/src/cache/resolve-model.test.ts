import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { temporaryFolder } from "../../test/temporary-cache.ts"
import { writeCachedModel } from "../../test/write-model.ts"
import { defaultModel } from "./known-models.ts"
import { openModelFolder } from "../folder/model-folder.ts"
import { resolveModel } from "./resolve-model.ts"

const id = "someone/tiny-video"
const commit = "a".repeat(40)

it.effect("finds a bundled model, a folder and a model in the cache", () =>
  Effect.gen(function* () {
    const cache = yield* temporaryFolder
    const env = { HF_HUB_CACHE: cache }
    assert.match(yield* resolveModel(defaultModel, { env }), /models.emoji-world$/)
    assert.strictEqual(yield* resolveModel(cache, { env }), cache)
    const path = yield* Effect.promise(() => writeCachedModel(cache, id, commit, "main"))
    assert.strictEqual(yield* resolveModel(id, { env }), path)
    assert.strictEqual(yield* resolveModel(`${id}@${commit}`, { env }), path)
    assert.strictEqual((yield* openModelFolder(path)).name, id)
  }),
)

it.effect("says of an unknown name which are near, and how to fetch them", () =>
  Effect.gen(function* () {
    const cache = yield* temporaryFolder
    yield* Effect.promise(() => writeCachedModel(cache, id, commit, "main"))
    const refusal = (name: string) =>
      Effect.map(Effect.flip(resolveModel(name, { env: { HF_HUB_CACHE: cache } })), (error) => error.message)
    assert.match(
      yield* refusal("emoji-wrld"),
      /^There is no model "emoji-wrld": .*\(emoji-world\).* Near is emoji-world\.$/,
    )
    assert.match(yield* refusal("someone/tiny-vidoe"), /Near is someone\/tiny-video\.$/)
    assert.match(
      yield* refusal("CogVideoX-2b"),
      /Near are zai-org\/CogVideoX-2b, .*; fetch it with `auteur models pull zai-org\/CogVideoX-2b`\.$/,
    )
    assert.match(yield* refusal("zai-org/CogVideoX-5b"), /Fetch it with `auteur models pull zai-org\/CogVideoX-5b`\.$/)
    assert.match(yield* refusal("other/name@v1"), /Fetch it with `auteur models pull other\/name@v1`\.$/)
    assert.match(yield* refusal("nothing like it"), /Give a path, a bundled name or org\/name; `auteur models` lists/)
    for (const path of ["../../x", "/no/where", "./here", "a\\b", "a/b/c"]) {
      assert.strictEqual(yield* refusal(path), `There is no model folder at ${path}: check the path.`)
    }
  }),
)

it.effect("refuses a model that has come only in part", () =>
  Effect.gen(function* () {
    const cache = yield* temporaryFolder
    const path = yield* Effect.promise(() => writeCachedModel(cache, id, commit, "main"))
    const refusal = Effect.map(
      Effect.flip(resolveModel(id, { env: { HF_HUB_CACHE: cache } })),
      (error) => error.message,
    )
    yield* Effect.promise(() => rm(join(path, "vae", "config.json")))
    assert.match(
      yield* refusal,
      /tiny-video in the model cache cannot be used: .*vae.config\.json is missing.* `auteur models pull someone\/tiny-video` fetches/,
    )
    yield* Effect.promise(() => rm(join(cache, "models--someone--tiny-video", "refs"), { recursive: true }))
    assert.match(yield* refusal, /fetched only in part, or in other revisions \(a{40}\)/)
  }),
)

it.effect("does not trust a reference that is no commit", () =>
  Effect.gen(function* () {
    const cache = yield* temporaryFolder
    const refs = join(cache, "models--someone--tiny-video", "refs")
    yield* Effect.promise(() => mkdir(refs, { recursive: true }))
    yield* Effect.promise(() => writeFile(join(refs, "main"), "../../../etc"))
    const error = yield* Effect.flip(resolveModel(id, { env: { HF_HUB_CACHE: cache } }))
    assert.match(error.message, /There is no model/)
  }),
)
