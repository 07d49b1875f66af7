import { availableParallelism } from "node:os"
import { Worker } from "node:worker_threads"
import { expect, it } from "vitest"
import { busyCores, busyWarning, describeMachine } from "./machine.ts"

it("describes this machine without what names it", () => {
  const { cores, node, system } = describeMachine()
  expect(cores).toBeGreaterThanOrEqual(1)
  expect(cores).toBeLessThanOrEqual(availableParallelism())
  expect(node).toBe(process.version)
  expect(system).toBe(`${process.platform} ${process.arch}`)
})

it("sees that a core is busy", async () => {
  const worker = new Worker("for (;;) {}", { eval: true })
  await new Promise((resolve) => worker.once("online", resolve))
  expect(await busyCores()).toBeGreaterThan(0.25)
  await worker.terminate()
})

it("warns of a busy machine only", () => {
  expect(busyWarning(0.1)).toBeNull()
  expect(busyWarning(1.26)).toMatch(/1\.3 of \d+ cores busy/)
})
