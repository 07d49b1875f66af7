import { LatentSpace, rectifiedFlow, Tensor, type TextEmbeddings } from "@auteur/core"
import { testDenoiser } from "@auteur/core/testing"
import { layer as engineLayer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect, it } from "vitest"
import { type CaseName, loadCase } from "../test/transformer-case.ts"
import { firstBlockCache } from "./cache/first-block-cache.ts"
import { pyramidAttentionBroadcast } from "./cache/pyramid-attention-broadcast.ts"
import { type DenoiserOptions, layer } from "./denoiser.ts"

const networks: ReadonlyArray<{
  readonly name: CaseName
  readonly kept: string
  readonly cache?: DenoiserOptions["cache"]
}> = [
  { name: "v1-sincos", kept: "nothing" },
  { name: "v1-i2v", kept: "nothing" },
  // With thresholds at which it is reused.
  { name: "v1-sincos", kept: "the first block", cache: firstBlockCache({ threshold: 10 }) },
  { name: "v1-sincos", kept: "attention", cache: pyramidAttentionBroadcast({ every: 2 }) },
]

describe.each(networks)("$name, with $kept kept from step to step", async ({ name, cache }) => {
  const { config, weights, tensors } = await Effect.runPromise(loadCase(name))
  const denoiser = layer({ config, weights, process: rectifiedFlow, prediction: "flow", cache }).pipe(
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
