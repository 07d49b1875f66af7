/** One side of a comparison: does the job in the JSON file that is its argument with auteur, prints its timings. */
import { readFileSync, writeFileSync } from "node:fs"
import { encodeSafetensors } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import { BenchError } from "../bench-error.ts"
import type { Job, Timings } from "./job.ts"
import type { MakeRun, Run } from "./run.ts"

/** Only what a job needs is loaded, as it counts as memory. */
const makeRun = async (job: Job): Promise<MakeRun> => {
  switch (job.kind) {
    case "command":
      throw new BenchError("A whole command is measured as a process of its own.")
    case "generate":
      return (await import("./auteur-model-runs.ts")).generation(job)
    case "text":
      return (await import("./auteur-model-runs.ts")).text(job)
    case "transformer":
      return (await import("./auteur-component-runs.ts")).transformer(job)
    case "decode":
      return (await import("./auteur-component-runs.ts")).decoding(job)
  }
}

const repeat = Effect.fnUntraced(function* (job: Job, run: Run) {
  const timed = Effect.fnUntraced(function* (index: number) {
    const start = performance.now()
    const output = yield* run(index)
    return { output, seconds: (performance.now() - start) / 1000 }
  })
  const first = yield* timed(0)
  if (job.output !== "") writeFileSync(job.output, encodeSafetensors({ output: first.output }))
  const seconds: Array<number> = []
  let sum = 0
  do {
    const next = yield* timed(seconds.length + 1)
    seconds.push(next.seconds)
    sum += next.seconds
  } while (sum < job.seconds || (seconds.length < job.atLeast && sum < job.atMostSeconds))
  return { first: first.seconds, seconds } satisfies Timings
})

const job = JSON.parse(readFileSync(process.argv[2]!, "utf8")) as Job
const memory = job.mode === "mapped" ? "map" : "fold"
const timings = await Effect.flatMap(await makeRun(job), (run) => repeat(job, run)).pipe(
  Effect.scoped,
  Effect.provide(engineLayer({ threads: job.threads, memory })),
  Effect.runPromise,
)
console.log(JSON.stringify(timings))
