import { generate, type GenerateRequest } from "@auteur/core"
import { layer as engine } from "@auteur/engine/node"
import { loadModel } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

// Run by itself with --expose-gc: makes the same video again and again, and prints the resident bytes after each.
const [path, count] = process.argv.slice(2) as [string, string]

const request: GenerateRequest = {
  prompt: "a fox runs on the ice",
  seed: 0,
  steps: 2,
  guidanceScale: 6,
  frames: 9,
  height: 32,
  width: 48,
}

const residentBytes = Effect.sync(() => {
  globalThis.gc!()
  return process.memoryUsage.rss()
})

const program = Effect.gen(function* () {
  const { layer } = yield* loadModel(path, { maxSequenceLength: 16 })
  const once = Effect.andThen(Stream.runDrain(generate(request)), residentBytes)
  return yield* Effect.provide(
    Effect.forEach(Array.from({ length: Number(count) }), () => once),
    layer,
  )
})

console.log(JSON.stringify(await Effect.runPromise(Effect.provide(program, engine()))))
