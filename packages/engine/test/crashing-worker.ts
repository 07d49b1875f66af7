import { parentPort } from "node:worker_threads"
import "../src/node/worker.ts"
import type { Ask } from "../src/node/protocol.ts"

// The real worker, which ends in the middle of a run that has an input called "crash".
parentPort!.on("message", (ask: Ask) => {
  if (ask.kind === "run" && "crash" in ask.inputs) process.exit(3)
})
