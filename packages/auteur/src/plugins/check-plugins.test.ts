import { type AnyPlugin, Guidance, Sampler } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { expect, it } from "vitest"
import { modelLayer } from "../model/model-services.ts"
import { checkPlugins } from "./check-plugins.ts"
import type { LoadedPlugin } from "./config.ts"

const plugin = (name: string, layer: AnyPlugin["layer"]): LoadedPlugin => ({
  name,
  apiVersion: "v1",
  layer,
  entry: "@some/preset",
})
const preset = [
  plugin("sampler-of-preset", Layer.effect(Sampler, Sampler)),
  plugin("guidance-of-preset", Layer.effect(Guidance, Guidance)),
]

const checked = (name: string | undefined, plugins: ReadonlyArray<LoadedPlugin> = preset) =>
  checkPlugins(name).pipe(
    Effect.map((laws) => [...new Set(laws.map(({ plugin, component }) => `${plugin}: ${component}`))]),
    Effect.catch(({ message }) => Effect.succeed(message)),
    Effect.provide(modelLayer({ plugins })),
    Effect.runPromise,
  )

it("checks a plugin by its name, and all of a preset by the preset's name in the config", async () => {
  const [sampler, guidance] = ["sampler-of-preset: sampler", "guidance-of-preset: guidance"]
  expect(await checked("sampler-of-preset")).toEqual([sampler])
  expect(await checked("@some/preset")).toEqual([sampler, guidance])
  expect(await checked(undefined)).toEqual([sampler, guidance])
})

it("names the plugins to choose from", async () => {
  expect(await checked("none")).toBe(
    'There is no plugin "none": choose one of sampler-of-preset, @some/preset, guidance-of-preset.',
  )
  expect(await checked("none", [])).toBe("No plugins are loaded: name them in auteur.config.ts.")
  expect(await checked(undefined, [])).toBe("No plugins are loaded: name them in auteur.config.ts.")
})
