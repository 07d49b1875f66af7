// A process of its own that fetches a model, with the settings of its environment.
import * as Effect from "effect/Effect"
import { pullModel } from "../src/index.ts"

const pulled = await Effect.runPromise(
  pullModel(process.argv[2]!, { onProgress: ({ received }) => process.stdout.write(`${received}\n`) }),
)
process.stdout.write(`done ${pulled.path}\n`)
