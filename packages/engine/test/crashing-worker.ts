import { parentPort } from "node:worker_threads"
import "../src/node/worker.ts"
import type { Request } from "../src/node/protocol.ts"

// The real worker, which ends in the middle of a run that has an input called "crash".
parentPort!.on("message", (request: Request) => {
  if (request.kind === "run" && "crash" in request.inputs) process.exit(3)
})
