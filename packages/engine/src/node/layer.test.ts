import { mkdir, writeFile } from "node:fs/promises"
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { temporaryFolder } from "../../test/checkpoint.ts"
import { threadCount } from "./layer.ts"

const machine = Effect.fnUntraced(function* (siblings: ReadonlyArray<string>) {
  const path = yield* temporaryFolder
  yield* Effect.promise(async () => {
    await mkdir(join(path, "cpufreq"))
    for (const [i, list] of siblings.entries()) {
      await mkdir(join(path, `cpu${i}`, "topology"), { recursive: true })
      await writeFile(join(path, `cpu${i}`, "topology", "thread_siblings_list"), `${list}\n`)
    }
  })
  return path
})

it.effect("one thread for a core with two hardware threads", () =>
  Effect.gen(function* () {
    assert.strictEqual(threadCount(yield* machine(["0-1", "0-1"])), 1)
  }),
)

it.effect("no more threads than this process may use", () =>
  Effect.gen(function* () {
    const cores = Array.from({ length: availableParallelism() + 1 }, (_, i) => String(i))
    assert.strictEqual(threadCount(yield* machine(cores)), availableParallelism())
  }),
)

it("leaves the number to the runtime where the system does not tell", () => {
  assert.strictEqual(threadCount("/no/such/folder"), 0)
})
