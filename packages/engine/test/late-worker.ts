import { writeSync } from "node:fs"
import { setTimeout } from "node:timers/promises"

// The real worker, which takes its time to load.
await setTimeout(100)
writeSync(1, "loaded\n")
await import("../src/node/worker.ts")
