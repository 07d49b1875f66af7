import { execFile } from "node:child_process"
import { lstat, readdir } from "node:fs/promises"
import { createServer, request } from "node:http"
import { type AddressInfo, connect } from "node:net"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import { type Behaviour, type HubServer, repositoryId, serve, status } from "../../test/hub-server.ts"
import { filesBelow, serverAndCache } from "../../test/temporary-cache.ts"
import { neededFiles } from "../../test/tiny-repository.ts"
import { checkModel } from "../folder/model-folder.ts"
import { pullModel } from "./pull-model.ts"

const script = fileURLToPath(new URL("../../test/pull.ts", import.meta.url))

/** A disk without symbolic links, which every system says otherwise, and which does not know its free space. */
const poorDisk = `import { createRequire, syncBuiltinESMExports } from "node:module"
const fs = createRequire(${JSON.stringify(script)})("node:fs/promises")
let count = 0
fs.symlink = async () => {
  const code = ["EPERM", "ENOSYS", "ENOTSUP", "EACCES"][count++ % 4]
  throw Object.assign(new Error(code), { code })
}
fs.statfs = async () => {
  if (count % 2 === 0) return { bsize: 4096, blocks: 0, bavail: 0 }
  throw Object.assign(new Error("ENOSYS"), { code: "ENOSYS" })
}
syncBuiltinESMExports()`

it.live(
  "pullModel puts the files themselves into the snapshot on a disk without links, whose free space is not known",
  () =>
    Effect.gen(function* () {
      const { cache, server, env, options } = yield* serverAndCache
      const args = ["--import", `data:text/javascript,${encodeURIComponent(poorDisk)}`, script, repositoryId]
      const { stdout } = yield* Effect.promise(() =>
        promisify(execFile)(process.execPath, args, { env: { ...process.env, ...env, HF_TOKEN: "" } }),
      )
      const path = /^done (.*)$/m.exec(stdout)![1]!
      for (const name of neededFiles().keys()) {
        assert.isTrue((yield* Effect.promise(() => lstat(join(path, name)))).isFile(), name)
      }
      assert.isEmpty(yield* Effect.promise(() => readdir(join(cache, "models--someone--tiny-video", "blobs"))))
      assert.isEmpty(yield* checkModel(path))
      const before = server.requests.length
      yield* pullModel(repositoryId, options)
      // Only the commit and the two pages of its files.
      assert.lengthOf(server.requests.slice(before), 3)
    }),
)

const badToken = status(401, { "x-error-message": "Invalid credentials in Authorization header" })

describe("pullModel with a token that is not valid", () => {
  it.live.each(["/revision/main", "/tree/0123456789abcdef0123456789abcdef01234567", "/vae/config.json"])(
    "fetches a public model without it (%s)",
    (address) =>
      Effect.gen(function* () {
        const { server, env, options } = yield* serverAndCache
        const notices: Array<string> = []
        server.misbehave(address, badToken)
        const withToken = {
          ...options,
          env: { ...env, HF_TOKEN: "hf_old" },
          onNotice: (text: string) => void notices.push(text),
        }
        yield* pullModel(repositoryId, withToken)
        assert.deepStrictEqual(notices, [
          "The token in HF_TOKEN is not valid: someone/tiny-video was fetched without it.",
        ])
        const tokens = server.requests.map(({ headers }) => headers.authorization)
        assert.strictEqual(tokens[0], "Bearer hf_old")
        assert.isUndefined(tokens.at(-1))
      }),
  )

  it.live("says so where the model is not public", () =>
    Effect.gen(function* () {
      const { server, env, options } = yield* serverAndCache
      server.misbehave("/revision/main", badToken, badToken)
      const error = yield* Effect.flip(pullModel(repositoryId, { ...options, env: { ...env, HF_TOKEN: "hf_old" } }))
      assert.strictEqual(error.reason, "unauthorized")
      assert.match(
        error.message,
        /^The token in HF_TOKEN is not valid, and without one .*: make a new token at .*\/settings\/tokens/,
      )
    }),
  )
})

/** A proxy that brings every request to one server, and counts them. */
const proxyTo = (target: HubServer) =>
  Effect.acquireRelease(
    Effect.promise(async () => {
      const seen: Array<string> = []
      const { port } = new URL(target.url)
      const proxy = createServer((incoming, response) => {
        seen.push(incoming.url!)
        const { pathname, search } = new URL(incoming.url!)
        request({ port, path: pathname + search, headers: incoming.headers }, (reply) => {
          response.writeHead(reply.statusCode!, reply.headers)
          reply.pipe(response)
        }).end()
      })
      proxy.on("connect", (incoming, socket) => {
        seen.push(incoming.url!)
        const there = connect(Number(port), "127.0.0.1", () => {
          socket.write("HTTP/1.1 200 Connection Established\r\n\r\n")
          there.pipe(socket).pipe(there)
        })
      })
      await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
      return { proxy, seen, address: `127.0.0.1:${(proxy.address() as AddressInfo).port}` }
    }),
    ({ proxy }) => Effect.sync(() => (proxy.closeAllConnections(), proxy.close())),
  )

describe("pullModel behind a proxy", () => {
  it.live.each(["HTTP_PROXY", "http_proxy", "ALL_PROXY"])("follows %s", (name) =>
    Effect.gen(function* () {
      const { server, env, options } = yield* serverAndCache
      const { address, seen } = yield* proxyTo(server)
      const behind = {
        ...env,
        HF_ENDPOINT: "http://hub.invalid",
        [name]: name === "HTTP_PROXY" ? `http://${address}/` : address,
      }
      const { path } = yield* pullModel(repositoryId, { ...options, env: behind })
      assert.lengthOf(yield* filesBelow(path), neededFiles().size)
      assert.isNotEmpty(seen)
      assert.isTrue(seen.every((url) => url.includes("hub.invalid")))
    }),
  )

  it.live("goes directly where NO_PROXY says so", () =>
    Effect.gen(function* () {
      const { server, env, options } = yield* serverAndCache
      const { address, seen } = yield* proxyTo(server)
      const behind = { ...env, HTTP_PROXY: `http://${address}`, NO_PROXY: "localhost,127.0.0.1" }
      yield* pullModel(repositoryId, { ...options, env: behind })
      assert.isEmpty(seen)
    }),
  )

  it.live("names a proxy that is not there without its password, and an address that is not one", () =>
    Effect.gen(function* () {
      const { env, options } = yield* serverAndCache
      const refusal = (HTTPS_PROXY: string) =>
        Effect.map(
          Effect.flip(
            pullModel(repositoryId, { ...options, env: { ...env, HF_ENDPOINT: "https://hub.invalid", HTTPS_PROXY } }),
          ),
          ({ message }) => message,
        )
      const message = yield* refusal("http://me:secret@127.0.0.1:1")
      assert.match(message, /check the network and HF_ENDPOINT and HTTPS_PROXY \(http:\/\/127\.0\.0\.1:1\)/)
      assert.notInclude(message, "secret")
      assert.match(
        yield* refusal("ftp://proxy"),
        /^HTTPS_PROXY is "ftp:\/\/proxy", which is not the address of a proxy/,
      )
    }),
  )
})

it.live("pullModel gives up soon on a server that never answers, and says which try is next", () =>
  Effect.gen(function* () {
    const { server, options } = yield* serverAndCache
    const notices: Array<string> = []
    const busy: Behaviour = (_request, response) => void response.writeHead(503, { "retry-after": "1" }).end()
    server.misbehave("/revision/main", busy, serve)
    const noticed = { ...options, onNotice: (text: string) => void notices.push(text) }
    yield* Effect.exit(pullModel(repositoryId, noticed))
    assert.match(
      notices.join(),
      /answered status 503 to the model someone\/tiny-video: try again later\. The next try is in 1 s\.$/,
    )
    yield* Effect.promise(() => server.close())
    const error = yield* Effect.flip(pullModel(repositoryId, { ...options, retries: 50 }))
    assert.match(error.message, /cannot be reached \(ECONNREFUSED\)/)
  }),
)
