import { closeSync, openSync } from "node:fs"
import * as Effect from "effect/Effect"
import { Engine } from "../src/index.ts"
import { layer } from "../src/node.ts"
import { host } from "./evaluate.ts"
import { affine, affineWeights } from "./programs.ts"

// Runs a program where the process has as many files open as it may, and prints what the engine says.
const openAll = (): ReadonlyArray<number> => {
  const open: Array<number> = []
  try {
    for (;;) open.push(openSync("/dev/null", "r"))
  } catch {
    return open
  }
}

const message = await Effect.gen(function* () {
  const model = yield* (yield* Engine).open(yield* affineWeights)
  const open = openAll()
  const error = yield* Effect.flip(model.run(affine(), { x: host([1, 3], new Float32Array(3)) }))
  for (const file of open) closeSync(file)
  return error.message
}).pipe(Effect.scoped, Effect.provide(layer()), Effect.runPromise)
process.stdout.write(`${message}\n`)
