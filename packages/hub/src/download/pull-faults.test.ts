import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { describe } from "vitest"
import * as server from "../../test/hub-server.ts"
import { hubServer, temporaryFolder } from "../../test/temporary-cache.ts"
import { largest, neededFiles } from "../../test/tiny-repository.ts"
import { pullModel } from "./pull-model.ts"

const files = neededFiles()
const bytes = files.get(largest)!
const fast = { retries: 2, firstDelay: 1, stall: 20_000 }

/** Pulls from a server that answers requests for the largest file so; the ranges that were asked for, and the outcome. */
const pullDespite = Effect.fnUntraced(function* (
  behaviours: ReadonlyArray<server.Behaviour>,
  options: { readonly stall?: number; readonly address?: string } = {},
) {
  const cache = yield* temporaryFolder
  const hub = yield* hubServer(files)
  hub.misbehave(options.address ?? `/cdn/${largest}`, ...behaviours)
  const env = { HF_HOME: cache, HF_HUB_CACHE: cache, HF_ENDPOINT: hub.url }
  const pull = pullModel(server.repositoryId, { env, ...fast, ...options })
  const ranges = () => hub.requests.filter(({ url }) => url === `/cdn/${largest}`).map(({ headers }) => headers.range)
  const blobs = Effect.promise(() => readdir(join(cache, "models--someone--tiny-video", "blobs")))
  return { pull, ranges, blobs, hub }
})
const arrives = Effect.fnUntraced(function* (...given: Parameters<typeof pullDespite>) {
  const { pull, ranges } = yield* pullDespite(...given)
  const { path } = yield* pull
  assert.deepStrictEqual(yield* Effect.promise(() => readFile(join(path, largest))), Buffer.from(bytes))
  return ranges()
})

describe("pullModel, from a server that", () => {
  it.live("breaks off again and again, goes on where it stopped, however often", () =>
    Effect.gen(function* () {
      const ranges = yield* arrives(Array.from({ length: 6 }, () => server.breakOffAfter(60_000)))
      assert.lengthOf(ranges, 7)
      assert.isUndefined(ranges[0])
      const begins = ranges.slice(1).map((range) => Number(/^bytes=(\d+)-$/.exec(range!)![1]))
      assert.isTrue(begins.every((begin, index) => begin > (begins[index - 1] ?? 0)))
    }),
  )

  it.live("ignores ranges, begins the file again", () =>
    Effect.gen(function* () {
      const ranges = yield* arrives([server.breakOffAfter(60_000), server.ignoreRange])
      assert.lengthOf(ranges, 2)
      assert.match(ranges[1]!, /^bytes=\d+-$/)
    }),
  )

  it.live("sends another part than asked for, begins the file again", () =>
    Effect.gen(function* () {
      const ranges = yield* arrives([server.breakOffAfter(60_000), server.sendOtherPart])
      assert.lengthOf(ranges, 3)
      assert.isUndefined(ranges[2])
    }),
  )

  it.live("answers 416 to a part, begins the file again", () =>
    Effect.gen(function* () {
      const ranges = yield* arrives([server.breakOffAfter(60_000), server.status(416)])
      assert.isUndefined(ranges[2])
    }),
  )

  it.live("falls silent, is given up and asked again", () =>
    Effect.gen(function* () {
      const ranges = yield* arrives([server.fallSilentAfter(60_000), server.fallSilentAfter(0)], { stall: 200 })
      assert.lengthOf(ranges, 3)
    }),
  )

  it.live("sends damaged bytes once, fetches them again from the start", () =>
    Effect.gen(function* () {
      const ranges = yield* arrives([server.corrupt])
      assert.deepStrictEqual(ranges, [undefined, undefined])
    }),
  )

  it.live("resumes with damaged bytes, fetches all of them again", () =>
    Effect.gen(function* () {
      const ranges = yield* arrives([server.breakOffAfter(60_000), server.corrupt])
      assert.lengthOf(ranges, 3)
      assert.isUndefined(ranges[2])
    }),
  )

  it.live("lies about lengths, asks again", () =>
    Effect.gen(function* () {
      assert.lengthOf(yield* arrives([server.announceOtherLength]), 2)
      assert.lengthOf(yield* arrives([server.sendOtherLength(5)]), 2)
      assert.lengthOf(yield* arrives([server.sendOtherLength(-5)]), 2)
    }),
  )

  it.live("fails for a moment, tries again", () =>
    Effect.gen(function* () {
      assert.lengthOf(yield* arrives([server.status(500), server.status(503)]), 3)
      assert.lengthOf(yield* arrives([server.breakOffAfter(0)]), 2)
      yield* arrives([server.status(502)], { address: "/revision/main" })
    }),
  )

  it.live("asks to slow down, is asked again", () =>
    Effect.gen(function* () {
      const past = new Date(0).toUTCString()
      const ranges = yield* arrives([
        server.status(429, { "retry-after": past }),
        server.status(429, { "retry-after": "0" }),
      ])
      assert.lengthOf(ranges, 3)
    }),
  )

  it.live("asks to come back much later, says when", () =>
    Effect.gen(function* () {
      const { pull, ranges } = yield* pullDespite([server.status(429, { "retry-after": "3600" })])
      const error = yield* Effect.flip(pull)
      assert.match(error.message, /gets too many requests .* asks to wait: try again in 60 minutes\.$/)
      assert.lengthOf(ranges(), 1)
    }),
  )

  it.live("always sends damaged bytes, is given up after a few tries and leaves nothing of them", () =>
    Effect.gen(function* () {
      const { pull, ranges, blobs } = yield* pullDespite(Array.from({ length: 9 }, () => server.corrupt))
      const error = yield* Effect.flip(pull)
      assert.strictEqual(error.reason, "damaged")
      assert.match(
        error.message,
        /vae\/diffusion_pytorch_model\.safetensors of someone\/tiny-video came damaged .*its sha256 is/,
      )
      assert.lengthOf(ranges(), 3)
      assert.isEmpty((yield* blobs).filter((name) => name.startsWith(server.hashOf(bytes))))
    }),
  )

  it.live("always breaks off at the same place, is given up after a few tries", () =>
    Effect.gen(function* () {
      const ignoreAndBreak: server.Behaviour = (request, response, file) => {
        delete request.headers.range
        server.breakOffAfter(60_000)(request, response, file)
      }
      const { pull, ranges } = yield* pullDespite(Array.from({ length: 20 }, () => ignoreAndBreak))
      const error = yield* Effect.flip(pull)
      assert.strictEqual(error.reason, "unreachable")
      assert.match(error.message, /broke off/)
      assert.isAtMost(ranges().length, 8)
    }),
  )

  it.live("damages a small file, notices it by its git hash", () =>
    Effect.gen(function* () {
      const { pull } = yield* pullDespite(
        Array.from({ length: 9 }, () => server.corrupt),
        { address: "/tokenizer/spiece.model" },
      )
      assert.match(
        (yield* Effect.flip(pull)).message,
        /^tokenizer\/spiece\.model of someone\/tiny-video came damaged .*\(its git-sha1 is/,
      )
    }),
  )

  it.live("lists a file that it does not have, says so", () =>
    Effect.gen(function* () {
      const { pull } = yield* pullDespite([server.status(404, { "x-error-code": "EntryNotFound" })])
      assert.match((yield* Effect.flip(pull)).message, /lists vae\/.* of someone\/tiny-video but does not have it/)
    }),
  )

  it.live("redirects in a circle or to no web address, is refused", () =>
    Effect.gen(function* () {
      const circle = Array.from({ length: 20 }, () => server.redirectTo(`/cdn/${largest}`))
      assert.match((yield* Effect.flip((yield* pullDespite(circle)).pull)).message, /more than 10 times/)
      const { pull } = yield* pullDespite([server.redirectTo("file:///etc/passwd")])
      assert.match((yield* Effect.flip(pull)).message, /redirects .* to "file:\/\/\/etc\/passwd"/)
    }),
  )

  it.live("answers something else than Hugging Face does, is named with HF_ENDPOINT", () =>
    Effect.gen(function* () {
      const page: server.Behaviour = (_request, response) => void response.end("<html>Welcome</html>")
      for (const behaviour of [page, server.status(418)]) {
        const { pull } = yield* pullDespite([behaviour], { address: "/revision/main" })
        assert.match((yield* Effect.flip(pull)).message, /no Hugging Face server does: check HF_ENDPOINT\.$/)
      }
    }),
  )

  it.live("is not there, says so after a few tries", () =>
    Effect.gen(function* () {
      const { pull, hub } = yield* pullDespite([])
      yield* Effect.promise(() => hub.close())
      assert.match(
        (yield* Effect.flip(pull)).message,
        /cannot be reached \(ECONNREFUSED\) .*: check the network and HF_ENDPOINT/,
      )
    }),
  )
})
