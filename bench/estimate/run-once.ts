/**
 * Makes one video in a process of its own and prints as JSON the seconds, and the bytes of memory above the idle process at its
 * peak. Linux only, as it reads /proc.
 *
 *     node bench/estimate/run-once.ts '{"model": "<folder>", "options": {}, "request": {…}}'
 */
import { readFileSync, writeFileSync } from "node:fs"
import { generate, type GenerateRequest } from "@auteur/core"
import type { EngineOptions } from "@auteur/engine"
import { layer as engine } from "@auteur/engine/node"
import { loadModel } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

const { model, options, request } = JSON.parse(process.argv[2]!) as {
  readonly model: string
  readonly options: EngineOptions
  readonly request: GenerateRequest
}

const bytes = (field: "VmRSS" | "VmHWM"): number =>
  1024 * Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))![1])

const idle = bytes("VmRSS")
// The peak is counted from here.
writeFileSync("/proc/self/clear_refs", "5")
const start = performance.now()
const ends: Record<string, number> = {}
await Effect.gen(function* () {
  const { layer } = yield* loadModel(model)
  const run = Stream.runForEach(generate(request), ({ type }) =>
    Effect.sync(() => (ends[type] = (performance.now() - start) / 1000)),
  )
  yield* Effect.provide(run, layer)
}).pipe(Effect.provide(engine(options)), Effect.runPromise)
const seconds = (performance.now() - start) / 1000
console.log(JSON.stringify({ bytes: bytes("VmHWM") - idle, seconds, ends }))
