import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, expectTypeOf, it } from "vitest"
import { colours, normals } from "../../test/gaussian-parts.ts"
import { Denoiser } from "./denoiser.ts"
import { LatentSpace } from "./latent-space.ts"
import { VideoVae } from "./video-vae.ts"

const vaeOf = <const Name extends string>(name: Name): Layer.Layer<VideoVae | LatentSpace<Name>> =>
  Layer.mergeAll(
    Layer.succeed(VideoVae, colours),
    Layer.succeed(LatentSpace(name), { name, channels: 3, spatialCompression: 8, temporalCompression: 4 }),
  )

const denoiserOf = <const Name extends string>(name: Name): Layer.Layer<Denoiser, never, LatentSpace<Name>> =>
  Layer.effect(
    Denoiser,
    LatentSpace(name).useSync((space) => ({ ...normals, name: `normals in ${space.name}` })),
  )

const runs = (layer: Layer.Layer<Denoiser>): string =>
  Effect.runSync(Denoiser.useSync(({ name }) => name).pipe(Effect.provide(layer)))

describe("LatentSpace", () => {
  it("lets a denoiser run over a VAE of its own space", () => {
    const model = denoiserOf("colours").pipe(Layer.provide(vaeOf("colours")))
    expectTypeOf(model).toEqualTypeOf<Layer.Layer<Denoiser>>()
    expect(runs(model)).toBe("normals in colours")
  })

  it("is what is missing, by name, when a denoiser is put over a VAE of another space", () => {
    const model = denoiserOf("colours").pipe(Layer.provide(vaeOf("shapes")))
    expectTypeOf<Layer.Services<typeof model>>().toEqualTypeOf<LatentSpace<"colours">>()
    // @ts-expect-error LatentSpace<"colours"> is required, and a VAE of LatentSpace<"shapes"> does not provide it.
    expect(() => runs(model)).toThrow("LatentSpace/colours")
  })
})
