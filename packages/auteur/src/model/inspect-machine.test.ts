import { expect, it } from "vitest"
import { inspectRuntime } from "./inspect-machine.ts"

const node = "26.3.0"

it.each([
  ["Node 22.19.0", { node: "22.19.0" }, undefined],
  ["Node 26.10.0", { node: "26.10.0" }, undefined],
  ["Node 22.18.9", { node: "22.18.9" }, "Node 22.19 or newer is needed: install it from nodejs.org."],
  ["Node 20.20.2", { node: "20.20.2" }, "Node 22.19 or newer is needed: install it from nodejs.org."],
  ["Bun 1.4.5", { node, bun: "1.4.5" }, undefined],
  ["Bun 1.3.9", { node, bun: "1.3.9" }, "Bun 1.4 or newer is needed: run `bun upgrade`."],
  ["Deno 2.9.6", { node, deno: "2.9.6" }, undefined],
  ["Deno 2.1.0", { node, deno: "2.1.0" }, "Deno 2.9 or newer is needed: run `deno upgrade`."],
])("%s is looked at", (name, versions, problem) => {
  expect(inspectRuntime(versions, "linux", "x64")).toEqual({
    name: "runtime",
    value: `${name}, linux x64`,
    ...(problem === undefined ? {} : { problem }),
  })
})
