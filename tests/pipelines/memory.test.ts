import { execFile } from "node:child_process"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "vitest"

const script = fileURLToPath(new URL("./generate-often.ts", import.meta.url))
const model = join(import.meta.dirname, "../golden/pipelines/t2v-ddim")

it("memory is given back: the 50th video leaves no more behind than the fifth", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--expose-gc", script, model, "50"])
  const bytes = JSON.parse(stdout) as ReadonlyArray<number>
  expect(bytes).toHaveLength(50)
  // One video's frames are 0.5 MB as float32 and there are 45 more.
  expect(bytes[49]! - bytes[4]!).toBeLessThan(12e6)
})
