import { definePlugin, LatentSpace, Tensor, type TextEmbeddings, VideoVae } from "@auteur/core"
import { testDenoiser, testVae } from "@auteur/core/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { openModel } from "auteur"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { plugin } from "./index.ts"
import { painter } from "./painter.ts"
import { pixelSpace, pixelVae } from "./pixel-vae.ts"

const vae = Layer.merge(Layer.succeed(VideoVae, pixelVae), Layer.succeed(LatentSpace("pixels"), pixelSpace))

describe("the laws of a VAE", () => {
  it.each(testVae(vae))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})

describe("the laws of a network", () => {
  const text = (value: number): TextEmbeddings =>
    Tensor.from("batch tokens features", [1, 2, 4], new Float32Array(8).fill(value))
  const options = { channels: pixelSpace.channels, texts: [text(0.1), text(0.5)] as const }
  it.each(testDenoiser(painter(pixelSpace.channels), options))("$name", ({ run }) =>
    expect(run()).resolves.toBeUndefined(),
  )
})

it("gives the pixels of a video back", async () => {
  const values = Float32Array.from({ length: 3 * 2 * 8 * 12 }, (_, i) => Math.sin(i))
  const video = Tensor.from("batch channels frames height width", [1, 3, 2, 8, 12], values)
  const { mean } = await Effect.runPromise(pixelVae.encode(video))
  const latents = mean.permute("batch frames channels height width").contiguous()
  const chunks = await Effect.runPromise(Stream.runCollect(pixelVae.decode(latents)))
  for (const [frame, chunk] of chunks.entries()) {
    expect(chunk.values()).toEqual(
      video
        .slice("frames", frame, frame + 1)
        .contiguous()
        .values(),
    )
  }
})

it("is refused under a network of another latent space", async () => {
  const alone = definePlugin({ name: "pixels-alone", apiVersion: "v1", layer: vae })
  await expect(openModel("emoji-world", { plugins: alone })).rejects.toThrow(
    'The VAE of the plugin "pixels-alone" has the latent space "pixels", but the network of emoji-world needs "cogvideox"',
  )
  await expect(openModel("emoji-world", { plugins: plugin[1] })).rejects.toThrow('needs the latent space "pixels"')
})
