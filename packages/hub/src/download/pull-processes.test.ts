import { type ChildProcess, spawn } from "node:child_process"
import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { fallSilentAfter, hashOf, type HubServer, repositoryId, serve } from "../../test/hub-server.ts"
import { hubServer, temporaryFolder } from "../../test/temporary-cache.ts"
import { largest, neededFiles } from "../../test/tiny-repository.ts"
import { checkModel } from "../folder/model-folder.ts"

const files = neededFiles()
const script = fileURLToPath(new URL("../../test/pull.ts", import.meta.url))

const environment = (server: HubServer, cache: string) => ({
  ...process.env,
  HF_HOME: cache,
  HF_HUB_CACHE: cache,
  HF_ENDPOINT: server.url,
  HF_TOKEN: "",
})
const start = (server: HubServer, cache: string): ChildProcess =>
  spawn(process.execPath, [script, repositoryId], {
    env: environment(server, cache),
    stdio: ["ignore", "pipe", "inherit"],
  })

/** The folder that a process has brought; rejects when it failed. */
const outcome = (child: ChildProcess): Promise<string> =>
  new Promise((resolve, reject) => {
    let output = ""
    child.stdout!.on("data", (text: Buffer) => (output += text.toString()))
    child.on("close", (code) => {
      const path = /^done (.*)$/m.exec(output)?.[1]
      if (code === 0 && path !== undefined) resolve(path)
      else reject(new Error(`the process ended with ${code}: ${output}`))
    })
  })
const until = async (isSo: () => boolean | Promise<boolean>): Promise<void> => {
  while (!(await isSo())) {
    await new Promise((resolve) => {
      setTimeout(resolve, 20)
    })
  }
}
const names = (cache: string): Promise<ReadonlyArray<string>> =>
  readdir(join(cache, "models--someone--tiny-video", "blobs")).catch(() => [])
const isWhole = Effect.fnUntraced(function* (path: string) {
  for (const [name, bytes] of files) {
    assert.deepStrictEqual(yield* Effect.promise(() => readFile(join(path, name))), Buffer.from(bytes), name)
  }
  assert.isEmpty(yield* checkModel(path))
})

it.live("a pull goes on where a killed process stopped", () =>
  Effect.gen(function* () {
    const cache = yield* temporaryFolder
    const server = yield* hubServer(files)
    server.misbehave(`/cdn/${largest}`, fallSilentAfter(200_000))
    const killed = start(server, cache)
    const ended = outcome(killed).catch(() => "ended")
    const hash = hashOf(files.get(largest)!)
    const blobs = join(cache, "models--someone--tiny-video", "blobs")
    yield* Effect.promise(() =>
      until(async () => {
        const begun = (await names(cache)).find((name) => name.startsWith(`${hash}.`))
        return begun !== undefined && (await stat(join(blobs, begun))).size === 200_000
      }),
    )
    killed.kill("SIGKILL")
    assert.strictEqual(yield* Effect.promise(() => ended), "ended")
    yield* isWhole(yield* Effect.promise(() => outcome(start(server, cache))))
    const ranges = server.requests.filter(({ url }) => url === `/cdn/${largest}`).map(({ headers }) => headers.range)
    assert.deepStrictEqual(ranges, [undefined, "bytes=200000-"])
    assert.isEmpty((yield* Effect.promise(() => names(cache))).filter((name) => name.endsWith(".incomplete")))
  }),
)

it.live("two processes that pull at once both end with the whole model, and fetch each file once", () =>
  Effect.gen(function* () {
    const cache = yield* temporaryFolder
    const server = yield* hubServer(files)
    // The first request for the largest file is answered when both processes are at work.
    server.misbehave(`/cdn/${largest}`, (...answer) => {
      const lists = () => server.requests.filter(({ url }) => url.includes("cursor=2")).length
      void until(() => lists() === 2).then(() => setTimeout(() => serve(...answer), 300))
    })
    const both = [start(server, cache), start(server, cache)].map(outcome)
    for (const path of yield* Effect.promise(() => Promise.all(both))) yield* isWhole(path)
    assert.lengthOf(
      server.requests.filter(({ url }) => url === `/cdn/${largest}`),
      1,
    )
    assert.isEmpty((yield* Effect.promise(() => names(cache))).filter((name) => name.endsWith(".incomplete")))
  }),
)
