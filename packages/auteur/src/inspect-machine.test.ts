import { expect, it } from "vitest"
import { inspectRuntime } from "./inspect-machine.ts"

it.each([
  ["22.18.0", undefined],
  ["26.10.0", undefined],
  ["22.17.9", "Node 22.18 or newer is needed"],
  ["20.20.2", "Node 22.18 or newer is needed"],
])("Node %s has the problem %s", (node, problem) => {
  const finding = inspectRuntime({ node }, "linux", "x64")
  expect(finding.value).toBe(`Node ${node}, linux x64`)
  expect(finding.problem?.split(":")[0]).toBe(problem)
})
