import * as Layer from "effect/Layer"
import { describe, expect, expectTypeOf, it } from "vitest"
import { classifierFree } from "../../test/gaussian-parts.ts"
import { PluginError } from "../services/errors.ts"
import { Guidance } from "../services/guidance.ts"
import { type AnyPlugin, definePlugin, type Plugin } from "./plugin.ts"
import { checkPlugin, flattenPlugins } from "./plugin-list.ts"

const layer = Layer.succeed(Guidance, classifierFree)
const plugin = (name: string) => definePlugin({ name, apiVersion: "v1", layer })

describe("definePlugin", () => {
  it("keeps a value as it is, with the types of what it provides and requires", () => {
    const value = plugin("steady")
    expect(value).toEqual({ name: "steady", apiVersion: "v1", layer })
    expectTypeOf(value).toEqualTypeOf<Plugin<Guidance>>()
    expectTypeOf(value).toExtend<AnyPlugin>()
  })

  it("lets options be left out where none is needed, and not where one is", () => {
    const optional = definePlugin(({ strength = 1 }: { strength?: number }) => plugin(`steady-${strength}`))
    expect([optional().name, optional({ strength: 2 }).name]).toEqual(["steady-1", "steady-2"])
    const needed = definePlugin(({ strength }: { strength: number }) => plugin(`steady-${strength}`))
    expectTypeOf(needed).parameters.toEqualTypeOf<[options: { strength: number }]>()
    expectTypeOf(optional).toBeCallableWith()
    expectTypeOf(optional).toBeCallableWith({ strength: 2 })
  })

  it("makes presets too", () => {
    const preset = definePlugin(({ count = 2 }: { count?: number }) =>
      Array.from({ length: count }, (_, i) => plugin(`part-${i}`)),
    )
    expect(flattenPlugins(preset()).map(({ name }) => name)).toEqual(["part-0", "part-1"])
  })
})

describe("a list of plugins", () => {
  it("is flattened, and what is falsy left out", () => {
    const entries = [plugin("a"), [false, [plugin("b")], null], undefined, "", 0] as const
    expect(flattenPlugins(entries).map(({ name }) => name)).toEqual(["a", "b"])
    expect(flattenPlugins(plugin("a")).map(({ name }) => name)).toEqual(["a"])
    expect(flattenPlugins(undefined)).toEqual([])
  })

  it("says where the value came from that is no plugin", () => {
    expect(() => checkPlugin({ name: "new", apiVersion: "v2", layer }, "a.ts")).toThrow(PluginError)
    expect(() => checkPlugin(7, "a.ts")).toThrow("A plugin of a.ts is 7: it has to be { name, apiVersion, layer }")
    expect(() => checkPlugin({ name: "new", apiVersion: "v2", layer })).toThrow(
      'The plugin "new" was written for the plugin interface "v2", and this version of auteur knows v1',
    )
  })
})
