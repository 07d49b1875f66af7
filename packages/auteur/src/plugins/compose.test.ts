import {
  type AnyPlugin,
  definePlugin,
  Denoiser,
  Guidance,
  LatentSpace,
  type LatentSpaceShape,
  type PluginEntry,
  Sampler,
  VideoVae,
} from "@auteur/core"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { CurrentModel, modelLayer } from "../model/model-services.ts"

/** What a model with plugins is made of, or the message of the error that it fails with. */
const openWith = (plugins: PluginEntry) =>
  Effect.gen(function* () {
    const { plugins } = yield* CurrentModel
    const [sampler, guidance, denoiser] = [yield* Sampler, yield* Guidance, yield* Denoiser]
    return { sampler: sampler.name, guidance: guidance.name, denoiser: denoiser.name, plugins }
  }).pipe(
    Effect.provide(modelLayer({ plugins })),
    Effect.catch(({ message }) => Effect.succeed(message)),
    Effect.runPromise,
  )

const plugin = (name: string, layer: AnyPlugin["layer"]): AnyPlugin => ({ name, apiVersion: "v1", layer })

/** A sampler called `name` over the one that is there. */
const over = (name: string): AnyPlugin =>
  plugin(
    name,
    Layer.effect(
      Sampler,
      Sampler.useSync((sampler) => ({ ...sampler, name: `${name} over ${sampler.name}` })),
    ),
  )

const spaceOf = (name: string, channels = 16): LatentSpaceShape => ({
  name,
  channels,
  spatialCompression: 8,
  temporalCompression: 4,
})
/** The model's own VAE, said to have another latent space. */
const vaeOf = (name: string, space: LatentSpaceShape): AnyPlugin =>
  plugin(name, Layer.merge(Layer.effect(VideoVae, VideoVae), Layer.succeed(LatentSpace(space.name), space)))
/** The model's own network, called otherwise and made for another latent space. */
const networkOf = (name: string, space: string): AnyPlugin =>
  plugin(
    name,
    Layer.effect(
      Denoiser,
      Effect.gen(function* () {
        yield* LatentSpace(space)
        return { ...shared, name }
      }),
    ),
  )
const shared = await Denoiser.useSync((denoiser) => denoiser).pipe(Effect.provide(modelLayer()), Effect.runPromise)
const latents = await VideoVae.useSync(({ latentChannels, spatialCompression, temporalCompression }) => ({
  channels: latentChannels,
  spatialCompression,
  temporalCompression,
})).pipe(Effect.provide(modelLayer()), Effect.runPromise)
const own = { name: "cogvideox", ...latents }

describe("plugins on a model", () => {
  it("are none without any", async () => {
    expect(await openWith([])).toMatchObject({ sampler: "ddim", guidance: "classifier-free", plugins: [] })
    expect(await openWith([false, null, undefined, []])).toMatchObject({ sampler: "ddim", plugins: [] })
  })

  it("see the model's parts, and those of the plugins before them", async () => {
    expect(await openWith([over("a"), [false, [over("b")]]])).toMatchObject({ sampler: "b over a over ddim" })
  })

  it("are used from the last on where two provide the same, and the report says so", async () => {
    const { plugins } = (await openWith([over("a"), over("b")])) as { plugins: unknown }
    expect(plugins).toEqual([
      {
        name: "a",
        apiVersion: "v1",
        from: "code",
        provides: [{ kind: "sampler", name: "a over ddim", replacedBy: "b" }],
      },
      { name: "b", apiVersion: "v1", from: "code", provides: [{ kind: "sampler", name: "b over a over ddim" }] },
    ])
  })

  it("wait for what a later one provides", async () => {
    const Palette = Context.Service<"Palette", { readonly colours: number }>("example/Palette")
    const painter = plugin(
      "painter",
      Layer.effect(
        Guidance,
        Effect.gen(function* () {
          const { colours } = yield* Palette
          return { ...(yield* Guidance), name: `of ${colours} colours` }
        }),
      ),
    )
    const palette = plugin("palette", Layer.succeed(Palette, { colours: 7 }))
    expect(await openWith([painter, palette])).toMatchObject({ guidance: "of 7 colours" })
    expect(await openWith([painter])).toBe(
      'The plugin "painter" requires the service "example/Palette", which neither emoji-world nor another plugin provides: add the plugin that does.',
    )
  })

  it("close what they have opened with the model", async () => {
    const events: Array<string> = []
    const opened = Layer.effect(
      Sampler,
      Effect.acquireRelease(
        Effect.map(Sampler, (sampler) => (events.push("open"), sampler)),
        () => Effect.sync(() => events.push("close")),
      ),
    )
    await Effect.sync(() => events.push("use")).pipe(
      Effect.provide(modelLayer({ plugins: plugin("opener", opened) })),
      Effect.runPromise,
    )
    expect(events).toEqual(["open", "use", "close"])
  })
})

describe("a VAE from a plugin", () => {
  it("gets the model's network when it has its latent space", async () => {
    expect(await openWith(vaeOf("same", own))).toMatchObject({ denoiser: "emoji-world" })
  })

  it("is refused over another latent space, by the names of the plugin and of both spaces", async () => {
    expect(await openWith(vaeOf("other", { ...own, name: "pixels" }))).toBe(
      'The VAE of the plugin "other" has the latent space "pixels", but the network of emoji-world needs "cogvideox": add a plugin with a network for that space, or leave the VAE out.',
    )
  })

  it("gets the network of another plugin, whichever comes first", async () => {
    const [vae, network] = [vaeOf("vae", { ...own, name: "pixels" }), networkOf("network", "pixels")]
    expect(await openWith([vae, network])).toMatchObject({ denoiser: "network" })
    expect(await openWith([network, vae])).toMatchObject({ denoiser: "network" })
  })

  it("is refused under the network of a plugin for another space, whichever comes first", async () => {
    const [vae, network] = [vaeOf("vae", { ...own, name: "pixels" }), networkOf("network", "cogvideox")]
    const message =
      'The plugin "network" needs the latent space "cogvideox", but the VAE of the plugin "vae" does not have it, which has "pixels": add a plugin with a VAE of that space, or leave one of the two out.'
    expect(await openWith([network, vae])).toBe(message)
    expect(await openWith([vae, network])).toBe(message)
    // Also where a third plugin has the network in hand.
    const around = plugin(
      "around",
      Layer.effect(
        Denoiser,
        Denoiser.useSync((denoiser) => ({ ...denoiser, name: `around ${denoiser.name}` })),
      ),
    )
    expect(await openWith([network, around, vae])).toBe(message)
    const fitting = networkOf("fitting", "pixels")
    expect(await openWith([vae, fitting, around])).toMatchObject({ denoiser: "around fitting" })
  })

  it("has to declare its latent space, with its own numbers", async () => {
    expect(await openWith(plugin("silent", Layer.effect(VideoVae, VideoVae)))).toMatch(
      /^The plugin "silent" provides a VAE without its latent space: provide LatentSpace\("name"\) beside it/,
    )
    expect(await openWith(vaeOf("wrong", spaceOf("cogvideox", 99)))).toContain(
      'declares its latent space "cogvideox" as 99×8×4',
    )
  })
})

describe("a value that is no plugin", () => {
  it.each([
    [
      { name: "old", apiVersion: "v0", layer: Layer.empty },
      'The plugin "old" was written for the plugin interface "v0", and this version of auteur knows v1: install another version of the plugin, or of auteur.',
    ],
    [{ name: "none", layer: Layer.empty }, 'The plugin "none" was written for the plugin interface nothing'],
    [
      { name: "two words", apiVersion: "v1", layer: Layer.empty },
      'A plugin has the name "two words": give it one word',
    ],
    [{ name: "bare", apiVersion: "v1", layer: {} }, 'The plugin "bare" has an object for a layer'],
    [definePlugin(({ name }: { name: string }) => over(name)), "A plugin is a function that makes one: call it"],
    ["auteur-plugin-x", 'A plugin is "auteur-plugin-x": it has to be { name, apiVersion, layer }'],
  ])("is refused: %o", async (value, message) => {
    expect(await openWith(value as never)).toContain(message)
  })
})
