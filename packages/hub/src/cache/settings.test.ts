import { mkdir, writeFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { temporaryFolder } from "../../test/temporary-cache.ts"
import { cacheFolder, readSettings } from "./settings.ts"

it("finds the cache where the Hugging Face tools do", () => {
  assert.strictEqual(cacheFolder({}), join(homedir(), ".cache", "huggingface", "hub"))
  assert.strictEqual(cacheFolder({ XDG_CACHE_HOME: "/xdg" }), "/xdg/huggingface/hub")
  assert.strictEqual(cacheFolder({ XDG_CACHE_HOME: "/xdg", HF_HOME: "/hf" }), "/hf/hub")
  assert.strictEqual(cacheFolder({ HF_HOME: "/hf", HF_HUB_CACHE: "~/models" }), join(homedir(), "models"))
})

it.effect("reads the endpoint, the switch for offline work and the token", () =>
  Effect.gen(function* () {
    const HF_HOME = yield* temporaryFolder
    const usual = yield* readSettings({ HF_HOME })
    assert.deepInclude(usual, { endpoint: "https://huggingface.co", offline: false, token: undefined })
    const set = yield* readSettings({
      HF_HOME,
      HF_ENDPOINT: "https://mirror.test/hf/",
      HF_HUB_OFFLINE: "true",
      HF_TOKEN: " hf_a\n",
    })
    assert.deepInclude(set, { endpoint: "https://mirror.test/hf", offline: true, token: "hf_a" })
    yield* Effect.promise(() => writeFile(join(HF_HOME, "token"), "hf_b\n"))
    assert.strictEqual((yield* readSettings({ HF_HOME })).token, "hf_b")
  }),
)

it.effect("names a setting that cannot be used, and keeps the token to itself", () =>
  Effect.gen(function* () {
    const HF_HOME = yield* temporaryFolder
    const refusal = (env: Record<string, string>) =>
      Effect.map(Effect.flip(readSettings({ HF_HOME, ...env })), (error) => error.message)
    assert.match(yield* refusal({ HF_ENDPOINT: "mirror" }), /^HF_ENDPOINT is "mirror", which is not an address/)
    assert.match(yield* refusal({ HF_ENDPOINT: "file:///x" }), /^HF_ENDPOINT is "file:/)
    const message = yield* refusal({ HF_TOKEN: "hf_sécret" })
    assert.match(message, /^The Hugging Face token in HF_TOKEN holds a space or a character beyond ASCII/)
    assert.notInclude(message, "hf_s")
    yield* Effect.promise(() => mkdir(join(HF_HOME, "token")))
    assert.match(yield* refusal({}), /The Hugging Face token in .* cannot be read \(EISDIR\)/)
  }),
)
