import { type AnyPlugin, definePlugin, Sampler } from "@auteur/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import type { ComponentOptions } from "../model/components.ts"
import { CurrentModel, modelLayer } from "../model/model-services.ts"

const named = (name: string): AnyPlugin =>
  definePlugin({
    name: `auteur-plugin-${name}`,
    apiVersion: "v1",
    layer: Layer.effect(
      Sampler,
      Sampler.useSync((sampler) => ({ ...sampler, name })),
    ),
  })

/** The sampler of a request and the notice about it, or the message of the error, on a model with two sampler plugins. */
const chosen = (request: ComponentOptions, opening: ComponentOptions = {}, plugins = [named("one"), named("two")]) =>
  Effect.gen(function* () {
    const { select } = yield* CurrentModel
    const { components, notice } = yield* select(request)
    return { sampler: Context.get(components, Sampler).name, notice }
  }).pipe(
    Effect.scoped,
    Effect.provide(modelLayer({ ...opening, plugins })),
    Effect.catch(({ message }) => Effect.succeed(message)),
    Effect.runPromise,
  )

describe("the sampler of a request", () => {
  it("is the one of the last plugin where none is named", async () => {
    expect(await chosen({})).toEqual({ sampler: "two", notice: undefined })
  })

  it("is the built-in one that is named, and the plugin's is said not to be used", async () => {
    const ddim = {
      sampler: "ddim",
      notice: 'The sampler "ddim" is used as requested, in place of "two" of the plugin "auteur-plugin-two".',
    }
    expect(await chosen({ sampler: "ddim" })).toEqual(ddim)
    expect(await chosen({}, { sampler: "ddim" })).toEqual(ddim)
    expect(await chosen({ sampler: "two" }, { sampler: "ddim" })).toEqual({ sampler: "two", notice: undefined })
  })

  it("may be any plugin's, by its name", async () => {
    expect(await chosen({ sampler: "two" })).toEqual({ sampler: "two", notice: undefined })
    expect(await chosen({ sampler: "one" })).toMatchObject({ sampler: "one" })
    expect(await chosen({}, { sampler: "one" })).toMatchObject({ sampler: "one" })
  })

  it("is refused where nobody has it, with the names that there are", async () => {
    expect(await chosen({ sampler: "three" })).toMatch(
      /^There is no sampler "three"; choose one of ddim, .*, or of the plugins one, two\.$/,
    )
    expect(await chosen({ sampler: "three" }, {}, [])).toMatch(
      /^There is no sampler "three"; choose one of [\w, -]+\.$/,
    )
  })
})
