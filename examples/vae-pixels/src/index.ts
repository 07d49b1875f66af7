import { definePlugin, Denoiser, LatentSpace, VideoVae } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { painter } from "./painter.ts"
import { pixelSpace, pixelVae } from "./pixel-vae.ts"

/** A VAE of its own latent space, which it declares. */
const vae = definePlugin({
  name: "auteur-plugin-pixels/vae",
  apiVersion: "v1",
  layer: Layer.merge(Layer.succeed(VideoVae, pixelVae), Layer.succeed(LatentSpace("pixels"), pixelSpace)),
})

/** A network that asks for that space: over a VAE of another one it would not even compile. */
const network = definePlugin({
  name: "auteur-plugin-pixels/network",
  apiVersion: "v1",
  layer: Layer.effect(
    Denoiser,
    Effect.map(LatentSpace("pixels"), (space) => painter(space.channels)),
  ),
})

/** The preset: `auteur-plugin-pixels` in the `plugins` of a config. */
export const plugin = [vae, network]
