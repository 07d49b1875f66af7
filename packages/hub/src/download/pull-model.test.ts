import { readFile, readlink, rm, stat, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { describe } from "vitest"
import { breakOffAfter, fallSilentAfter, hashOf, redirectTo, repositoryId } from "../../test/hub-server.ts"
import { filesBelow, hubServer, serverAndCache } from "../../test/temporary-cache.ts"
import { everything, largest, neededFiles } from "../../test/tiny-repository.ts"
import { pullModel, type PullProgress } from "./pull-model.ts"
import { resolveModel } from "../cache/resolve-model.ts"

const read = (path: string) => Effect.promise(() => readFile(path))
const message = (pull: Effect.Effect<unknown, Error>) => Effect.map(Effect.flip(pull), (error) => error.message)

describe("pullModel", () => {
  it.live("brings exactly the files of a model folder, as links to blobs that are named by their hashes", () =>
    Effect.gen(function* () {
      const { server, options, repository } = yield* serverAndCache
      const pulled = yield* pullModel(repositoryId, options)
      assert.strictEqual(pulled.path, join(repository, "snapshots", server.commit))
      for (const [path, bytes] of neededFiles()) {
        assert.deepStrictEqual(yield* read(join(pulled.path, path)), Buffer.from(bytes), path)
        const link = yield* Effect.promise(() => readlink(join(pulled.path, path)))
        assert.strictEqual(link, join(path.includes("/") ? "../../.." : "../..", "blobs", hashOf(bytes)))
      }
      assert.lengthOf(yield* filesBelow(pulled.path), neededFiles().size)
      assert.strictEqual((yield* read(join(repository, "refs", "main"))).toString(), server.commit)
      assert.strictEqual(yield* resolveModel(repositoryId, options), pulled.path)
      assert.strictEqual(
        pulled.bytes,
        [...neededFiles().values()].reduce((sum, { length }) => sum + length, 0),
      )
    }),
  )

  it.live("asks for nothing that is there, and brings again what was lost", () =>
    Effect.gen(function* () {
      const { server, options, repository } = yield* serverAndCache
      const { path } = yield* pullModel(repositoryId, options)
      const before = server.requests.length
      yield* pullModel(repositoryId, options)
      assert.isEmpty(server.requests.slice(before).filter(({ url }) => !url.startsWith("/api/")))
      const blob = join(repository, "blobs", hashOf(everything.get(largest)!))
      yield* Effect.promise(() => rm(blob))
      yield* pullModel(repositoryId, options)
      assert.deepStrictEqual(yield* read(join(path, largest)), Buffer.from(everything.get(largest)!))
      yield* Effect.promise(() => writeFile(blob, "cut off"))
      yield* pullModel(repositoryId, options)
      assert.deepStrictEqual(yield* read(join(path, largest)), Buffer.from(everything.get(largest)!))
    }),
  )

  it.live("keeps other revisions under their own names", () =>
    Effect.gen(function* () {
      const { server, options, repository } = yield* serverAndCache
      const pulled = yield* pullModel(`${repositoryId}@refs/pr/1`, options)
      assert.strictEqual(pulled.name, `${repositoryId}@refs/pr/1`)
      assert.strictEqual((yield* read(join(repository, "refs", "refs", "pr", "1"))).toString(), server.commit)
      assert.strictEqual(yield* resolveModel(`${repositoryId}@refs/pr/1`, options), pulled.path)
      assert.strictEqual(yield* resolveModel(`${repositoryId}@${server.commit}`, options), pulled.path)
      assert.match(yield* message(resolveModel(repositoryId, options)), /fetched only in part, or in other revisions/)
      yield* pullModel(repositoryId, { ...options, revision: server.commit })
      assert.match(
        yield* message(pullModel(repositoryId, { ...options, revision: "v9" })),
        /someone\/tiny-video has no revision "v9"/,
      )
    }),
  )

  it.live("tells how far it is, up to every byte", () =>
    Effect.gen(function* () {
      const { server, options } = yield* serverAndCache
      server.misbehave(`/cdn/${largest}`, breakOffAfter(100_000))
      const heard: Array<PullProgress> = []
      const { bytes } = yield* pullModel(repositoryId, { ...options, onProgress: (progress) => heard.push(progress) })
      assert.deepStrictEqual(new Set(heard.map(({ total }) => total)), new Set([bytes]))
      assert.strictEqual(heard.at(-1)?.received, bytes)
      assert.isTrue(heard.every(({ received }, index) => received >= (heard[index - 1]?.received ?? 0)))
      assert.deepStrictEqual(new Set(heard.map(({ path }) => path)), new Set(neededFiles().keys()))
    }),
  )

  it.live("stops at once when interrupted, keeps what has come and goes on from there", () =>
    Effect.gen(function* () {
      const { server, options, repository } = yield* serverAndCache
      server.misbehave(`/cdn/${largest}`, fallSilentAfter(100_000))
      const seen = Promise.withResolvers<void>()
      let heard = 0
      const onProgress = ({ path }: PullProgress) => {
        // The first time it hears that nothing has come yet.
        if (path === largest && ++heard === 2) seen.resolve()
      }
      const pulling = yield* Effect.forkChild(pullModel(repositoryId, { ...options, onProgress }))
      yield* Effect.promise(() => seen.promise)
      yield* Fiber.interrupt(pulling)
      const kept = (yield* filesBelow(join(repository, "blobs"))).filter((name) => name.endsWith(".incomplete"))
      const mine = `${hashOf(everything.get(largest)!)}.auteur.incomplete`
      assert.include(kept, mine)
      const { size } = yield* Effect.promise(() => stat(join(repository, "blobs", mine)))
      assert.isAbove(size, 0)
      const { path } = yield* pullModel(repositoryId, options)
      assert.strictEqual(
        server.requests.findLast(({ url }) => url === `/cdn/${largest}`)?.headers.range,
        `bytes=${size}-`,
      )
      assert.deepStrictEqual(yield* read(join(path, largest)), Buffer.from(everything.get(largest)!))
      assert.isEmpty((yield* filesBelow(repository)).filter((name) => name.endsWith(".incomplete")))
    }),
  )

  it.live("shows its token to the endpoint alone", () =>
    Effect.gen(function* () {
      const { server, env, options } = yield* serverAndCache
      const elsewhere = yield* hubServer(everything)
      const away = redirectTo(`${elsewhere.url}/cdn/${largest}`)
      server.misbehave(`/resolve/${server.commit}/${largest}`, away)
      yield* pullModel(repositoryId, { ...options, env: { ...env, HF_TOKEN: "hf_secret" } })
      assert.isTrue(server.requests.every(({ headers }) => headers.authorization === "Bearer hf_secret"))
      assert.deepStrictEqual(
        elsewhere.requests.map(({ headers }) => headers.authorization),
        [undefined],
      )
    }),
  )

  it.live("takes the token from the file where the Hugging Face tools keep it", () =>
    Effect.gen(function* () {
      const { cache, server, options } = yield* serverAndCache
      yield* Effect.promise(() => writeFile(join(cache, "token"), "hf_kept\n"))
      yield* pullModel(repositoryId, options)
      assert.strictEqual(server.requests[0]?.headers.authorization, "Bearer hf_kept")
    }),
  )
})
