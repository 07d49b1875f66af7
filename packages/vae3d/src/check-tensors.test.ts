import type { StoredTensor, Weights } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { loadGolden, readGolden } from "../test/golden.ts"
import { parseVaeConfig } from "./config.ts"
import { checkTensors } from "./layer.ts"

const golden = await Effect.runPromise(loadGolden)

/** The error for the checkpoint with some of its tensors changed. */
const said = (change: (tensors: Map<string, StoredTensor>) => void) =>
  Effect.gen(function* () {
    const tensors = new Map(golden.weights.tensors)
    change(tensors)
    const error = yield* Effect.flip(checkTensors(golden.config, { source: "vae.safetensors", tensors }))
    return error.message
  })

const rename = (tensors: Map<string, StoredTensor>, from: string, to: string) => {
  tensors.set(to, tensors.get(from)!)
  tensors.delete(from)
}

describe("checkTensors", () => {
  it.effect("accepts every tensor of the full-size checkpoint in its shape, and needs each of them", () =>
    Effect.gen(function* () {
      const full = JSON.parse(yield* Effect.promise(() => readGolden("cogvideox-shapes.json"))) as {
        readonly config: Readonly<Record<string, unknown>>
        readonly tensors: Readonly<Record<string, ReadonlyArray<number>>>
      }
      const config = yield* parseVaeConfig({ _class_name: "AutoencoderKLCogVideoX", ...full.config }, "config.json")
      const stored = (shape: ReadonlyArray<number>) => ({
        dtype: "bfloat16",
        shape,
        file: "f",
        offset: 0,
        byteLength: 0,
      })
      const tensors = new Map(Object.entries(full.tensors).map(([key, shape]) => [key, stored(shape)]))
      assert.strictEqual(tensors.size, 436)
      const weights: Weights = { source: "vae.safetensors", tensors }
      yield* checkTensors(config, weights)
      for (const key of ["encoder.conv_out.conv.bias", "decoder.up_blocks.1.resnets.0.conv_shortcut.weight"]) {
        const fewer = new Map(tensors)
        fewer.delete(key)
        const error = yield* Effect.flip(checkTensors(config, { ...weights, tensors: fewer }))
        assert.include(error.message, key)
      }
    }),
  )

  it.effect("names a tensor that is missing", () =>
    Effect.gen(function* () {
      const key = "decoder.mid_block.resnets.1.norm2.conv_y.conv.weight"
      const message = yield* said((tensors) => tensors.delete(key))
      assert.include(message, `"${key}" of shape [16, 4, 1, 1, 1] is missing from vae.safetensors`)
    }),
  )

  it.effect("names both names of a tensor that was renamed", () =>
    Effect.gen(function* () {
      const [from, to] = ["encoder.conv_in.conv.weight", "encoder.conv_first.conv.weight"]
      const message = yield* said((tensors) => rename(tensors, from, to))
      assert.include(message, from)
      assert.include(message, to)
    }),
  )

  it.effect("names a tensor of another shape, with both shapes", () =>
    Effect.gen(function* () {
      const key = "encoder.norm_out.weight"
      const message = yield* said((tensors) => tensors.set(key, { ...tensors.get(key)!, shape: [32] }))
      assert.include(message, key)
      assert.include(message, "[32]")
      assert.include(message, "[16]")
    }),
  )

  it.effect("names a tensor that is not part of the model", () =>
    Effect.gen(function* () {
      const message = yield* said((tensors) =>
        tensors.set("quant_conv.weight", tensors.get("encoder.norm_out.weight")!),
      )
      assert.include(message, `"quant_conv.weight" in vae.safetensors is not part of the VAE`)
    }),
  )
})
