import { setTimeout } from "node:timers/promises"
import { startThread } from "../src/node/thread.ts"

// Closes threads while they load ONNX Runtime, each a little later than the one before, and one that takes its time.
for (let round = 0; round < Number(process.argv[2]); round++) {
  const thread = startThread(() => {})
  await setTimeout(20 + (round % 20))
  await thread.close()
}
await startThread(() => {}, new URL("late-worker.ts", import.meta.url)).close()
process.stdout.write("closed\n")
