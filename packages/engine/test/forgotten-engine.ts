import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import { Engine } from "../src/index.ts"
import { layer } from "../src/node.ts"
import { host, noWeights } from "./evaluate.ts"
import { twiceAndSquare } from "./programs.ts"

// A program that uses an engine and never closes it.
const { twice } = await ManagedRuntime.make(layer()).runPromise(
  Effect.scoped(
    Effect.gen(function* () {
      const model = yield* (yield* Engine).open(noWeights)
      return yield* model.run(twiceAndSquare, { x: host([2], Float32Array.of(3, 4)) })
    }),
  ),
)
process.stdout.write(`${twice!.data.join(" ")}\n`)
