import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { PullOptions } from "../src/download/pull-model.ts"
import { type HubServer, startHubServer } from "./hub-server.ts"
import { everything } from "./tiny-repository.ts"

/** A folder that is removed at the end of the test. */
export const temporaryFolder: Effect.Effect<string, never, Scope.Scope> = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "auteur-hub-"))),
  (folder) => Effect.promise(() => rm(folder, { recursive: true, force: true })),
)

/** A server that is closed at the end of the test. */
export const hubServer = (
  ...options: Parameters<typeof startHubServer>
): Effect.Effect<HubServer, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.promise(() => startHubServer(...options)),
    (server) => Effect.promise(() => server.close()),
  )

interface ServerAndCache {
  readonly cache: string
  readonly server: HubServer
  readonly env: Readonly<Record<string, string>>
  /** The repository's folder in the cache. */
  readonly repository: string
  readonly options: PullOptions & { readonly env: Readonly<Record<string, string>> }
}

/** A server of the tiny repository, an empty cache and the options with which `pullModel` uses them. */
export const serverAndCache: Effect.Effect<ServerAndCache, never, Scope.Scope> = Effect.gen(function* () {
  const cache = yield* temporaryFolder
  const server = yield* hubServer(everything)
  const env = { HF_HOME: cache, HF_HUB_CACHE: cache, HF_ENDPOINT: `${server.url}/` }
  const repository = join(cache, "models--someone--tiny-video")
  return { cache, server, env, repository, options: { env, retries: 2, firstDelay: 1, stall: 20_000 } }
})

/** The names of all files below a folder. */
export const filesBelow = (folder: string): Effect.Effect<ReadonlyArray<string>> =>
  Effect.promise(async () => {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries.filter((entry) => !entry.isDirectory()).map(({ name }) => name)
  })
