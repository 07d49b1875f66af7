import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { repositoryId, status } from "../../test/hub-server.ts"
import { filesBelow, hubServer, serverAndCache, temporaryFolder } from "../../test/temporary-cache.ts"
import { everything, largest, modelIndex, neededFiles } from "../../test/tiny-repository.ts"
import { pullModel } from "./pull-model.ts"

const message = (pull: Effect.Effect<unknown, Error>) => Effect.map(Effect.flip(pull), (error) => error.message)

describe("pullModel", () => {
  it.live("asks for nothing when HF_HUB_OFFLINE is set", () =>
    Effect.gen(function* () {
      const { server, env, options } = yield* serverAndCache
      const offline = { ...options, env: { ...env, HF_HUB_OFFLINE: "1" } }
      assert.match(yield* message(pullModel(repositoryId, offline)), /^HF_HUB_OFFLINE is set/)
      assert.isEmpty(server.requests)
    }),
  )

  it.live("refuses names that are none, without asking", () =>
    Effect.gen(function* () {
      const { server, options } = yield* serverAndCache
      for (const name of [
        "../../x",
        "/etc/passwd",
        "org/na me",
        "org",
        "a/b/c",
        "org/..",
        "org/x@../y",
        "org/x@-",
        "",
      ]) {
        assert.match(yield* message(pullModel(name, options)), /is not a name on Hugging Face/, name)
      }
      assert.match(
        yield* message(pullModel(repositoryId, { ...options, revision: "../main" })),
        /"\.\.\/main" is not the name of a revision/,
      )
      assert.isEmpty(server.requests)
    }),
  )

  it.live("names what is near when there is no such model", () =>
    Effect.gen(function* () {
      const { options } = yield* serverAndCache
      const error = yield* Effect.flip(pullModel("zai-org/CogVideX-2b", options))
      assert.strictEqual(error.reason, "not-found")
      assert.match(error.message, /no model zai-org\/CogVideX-2b .*near are zai-org\/CogVideoX-2b/)
    }),
  )

  it.live("says how to get access to a closed model", () =>
    Effect.gen(function* () {
      const { server, env, options } = yield* serverAndCache
      const list = "/revision/main"
      server.misbehave(list, status(401), status(401, { "x-error-code": "GatedRepo" }), status(403))
      const page = `${server.url}/${repositoryId}`
      assert.include(
        yield* message(pullModel(repositoryId, options)),
        `either there is no such model (check its spelling), or it is a closed one; then set HF_TOKEN to a token of an account that has accepted its licence at ${page}.`,
      )
      const gated = yield* Effect.flip(pullModel(repositoryId, options))
      assert.strictEqual(gated.reason, "unauthorized")
      assert.match(
        gated.message,
        /does not give out the model someone\/tiny-video \(status 401\): set HF_TOKEN to a token/,
      )
      assert.include(
        yield* message(pullModel(repositoryId, { ...options, env: { ...env, HF_TOKEN: "hf_secret" } })),
        `(status 403): accept its licence at ${page} with the account that the token in HF_TOKEN belongs to.`,
      )
    }),
  )

  it.live("says before the work what the disk cannot hold", () =>
    Effect.gen(function* () {
      const { cache, options } = yield* serverAndCache
      const server = yield* hubServer(everything, (entries) =>
        entries.map((entry) =>
          entry["path"] === largest ? { ...entry, lfs: { oid: "a".repeat(64), size: 2 ** 52 } } : entry,
        ),
      )
      const error = yield* Effect.flip(
        pullModel(repositoryId, { ...options, env: { HF_HOME: cache, HF_HUB_CACHE: cache, HF_ENDPOINT: server.url } }),
      )
      assert.strictEqual(error.reason, "disk")
      assert.match(error.message, /needs 4503599\.\d GB more on the disk of .*: free some space or set HF_HUB_CACHE/)
      assert.isEmpty(server.requests.filter(({ url }) => url.endsWith(".safetensors")))
    }),
  )

  it.live("says that a file is in the way of the cache", () =>
    Effect.gen(function* () {
      const { cache, env, options } = yield* serverAndCache
      const file = join(cache, "file")
      yield* Effect.promise(() => writeFile(file, ""))
      assert.match(
        yield* message(pullModel(repositoryId, { ...options, env: { ...env, HF_HUB_CACHE: join(file, "hub") } })),
        /The model cache .* cannot be a folder, because a file is in its way/,
      )
    }),
  )

  it.live("refuses a repository that is no CogVideoX model, before its weights", () =>
    Effect.gen(function* () {
      const { cache } = yield* serverAndCache
      const refuse = Effect.fnUntraced(function* (change: (files: Map<string, Uint8Array>) => void) {
        const files = neededFiles()
        change(files)
        const server = yield* hubServer(files)
        const folder = yield* temporaryFolder
        const env = { HF_HOME: cache, HF_HUB_CACHE: folder, HF_ENDPOINT: server.url }
        const error = yield* Effect.flip(pullModel(repositoryId, { env }))
        assert.strictEqual(error.reason, "unsupported")
        assert.isEmpty(server.requests.filter(({ url }) => url.endsWith(".safetensors")))
        return error.message
      })
      const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
      assert.match(
        yield* refuse((files) => files.delete("model_index.json")),
        /tiny-video has no model_index\.json, so/,
      )
      assert.match(
        yield* refuse((files) => files.set("model_index.json", json({ ...modelIndex, _class_name: "FluxPipeline" }))),
        /tiny-video is a FluxPipeline, which cannot be run/,
      )
      assert.match(yield* refuse((files) => files.delete("vae/config.json")), /has no vae\/config\.json/)
      assert.match(
        yield* refuse((files) => files.delete(largest)),
        /has no weights in the safetensors format in its folder vae/,
      )
      const index = "transformer/diffusion_pytorch_model.safetensors.index.json"
      assert.match(
        yield* refuse((files) => files.set(index, json({ weight_map: { a: "../../../x.safetensors" } }))),
        /has an index .* that gives the tensor "a" the file "\.\.\/\.\.\/\.\.\/x\.safetensors"/,
      )
      assert.match(
        yield* refuse((files) => files.set(index, json({ weight_map: { a: "lost.safetensors" } }))),
        /has no transformer\/lost\.safetensors/,
      )
    }),
  )

  it.live.each([
    { what: "climbs out of its folder", change: { path: "../../../../evil" } },
    { what: "is absolute", change: { path: "/etc/evil" } },
    { what: "has a hash that is a path", change: { oid: "../../evil" } },
    { what: "has a hash of another kind", change: { lfs: { oid: "../../evil", size: 1 } } },
  ])("fetches nothing from a list of files of which one $what", ({ change }) =>
    Effect.gen(function* () {
      const cache = yield* temporaryFolder
      const server = yield* hubServer(everything, (entries) => [...entries, { ...entries[0], ...change }])
      const env = { HF_HOME: cache, HF_HUB_CACHE: join(cache, "hub"), HF_ENDPOINT: server.url }
      const error = yield* Effect.flip(pullModel(repositoryId, { env }))
      assert.strictEqual(error.reason, "damaged")
      assert.match(error.message, /lists a file ".*" that cannot be stored safely/)
      assert.isEmpty(yield* filesBelow(cache))
    }),
  )

  it.live.each(["C:\\evil", "assets/demo 12:30.mp4", "notes\n.txt", "a\\b.json"])(
    "passes over a file that is not needed with the name %j",
    (path) =>
      Effect.gen(function* () {
        const cache = yield* temporaryFolder
        const server = yield* hubServer(everything, (entries) => [...entries, { ...entries[0], path }])
        const env = { HF_HOME: cache, HF_HUB_CACHE: join(cache, "hub"), HF_ENDPOINT: server.url }
        const pulled = yield* pullModel(repositoryId, { env })
        assert.lengthOf(yield* filesBelow(pulled.path), neededFiles().size)
      }),
  )

  it.live("refuses a file that is needed and cannot be stored safely", () =>
    Effect.gen(function* () {
      const cache = yield* temporaryFolder
      const server = yield* hubServer(everything, (entries) =>
        entries.map((entry) => (entry["path"] === "vae/config.json" ? { ...entry, oid: "../../evil" } : entry)),
      )
      const env = { HF_HOME: cache, HF_HUB_CACHE: join(cache, "hub"), HF_ENDPOINT: server.url }
      const error = yield* Effect.flip(pullModel(repositoryId, { env }))
      assert.match(error.message, /lists a file "vae\/config\.json" that cannot be stored safely/)
    }),
  )
})
