import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { executionProviders } from "./execution-providers.ts"

it.effect("the runtime says its version and that it can run on the processor", () =>
  Effect.gen(function* () {
    const { version, providers } = yield* executionProviders
    assert.match(version, /^\d+\.\d+\.\d+$/)
    assert.deepInclude(providers, { name: "cpu", bundled: true })
  }),
)
