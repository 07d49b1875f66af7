import { LatentSpace, rectifiedFlow, Tensor, type TextEmbeddings } from "@auteur/core"
import { testDenoiser } from "@auteur/core/testing"
import { layer as engineLayer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { type CaseName, loadCase } from "../test/transformer-case.ts"
import { layer } from "./denoiser.ts"

describe.each(["v1-sincos", "v1-i2v"] satisfies ReadonlyArray<CaseName>)("%s", async (name) => {
  const { config, weights, tensors } = await Effect.runPromise(loadCase(name))
  const denoiser = layer({ config, weights, process: rectifiedFlow, prediction: "flow" }).pipe(
    Layer.provide(engineLayer({ threads: 1 })),
    Layer.provide(
      Layer.succeed(LatentSpace("cogvideox"), {
        name: "cogvideox",
        channels: config.out_channels,
        spatialCompression: 8,
        temporalCompression: 4,
      }),
    ),
  )
  const text = tensors.get("in.encoder_hidden_states")!
  const both = Tensor.from("batch tokens features", text.shape as TextEmbeddings["shape"], text.data)
  const texts = [both.slice("batch", 0, 1).contiguous(), both.slice("batch", 1, 2).contiguous()] as const

  it.each(testDenoiser(denoiser, { channels: config.out_channels, texts }))("$name", ({ run }) =>
    expect(run()).resolves.toBeUndefined(),
  )
})
