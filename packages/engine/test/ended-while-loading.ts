import { startThread } from "../src/node/thread.ts"

// Leaves a thread to itself that still loads ONNX Runtime.
startThread(() => {}, new URL("late-worker.ts", import.meta.url))
process.stdout.write("end\n")
