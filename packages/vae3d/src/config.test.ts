import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { readGolden } from "../test/golden.ts"
import { parseVaeConfig } from "./config.ts"

const named = { _class_name: "AutoencoderKLCogVideoX" }

describe("parseVaeConfig", () => {
  it.effect("fills in the defaults of the 2b model", () =>
    Effect.gen(function* () {
      const full = JSON.parse(yield* Effect.promise(() => readGolden("cogvideox-shapes.json"))) as {
        readonly config: Readonly<Record<string, unknown>>
      }
      const explicit = yield* parseVaeConfig({ ...named, ...full.config }, "config.json")
      const { block_out_channels, scaling_factor, norm_num_groups } = yield* parseVaeConfig(named, "config.json")
      assert.deepStrictEqual(block_out_channels, explicit.block_out_channels)
      assert.strictEqual(scaling_factor, 1.15258426)
      assert.strictEqual(norm_num_groups, 32)
    }),
  )

  const refused: ReadonlyArray<readonly [Readonly<Record<string, unknown>>, string, string]> = [
    [{ _class_name: "AutoencoderKLWan" }, "_class_name", `"AutoencoderKLWan"`],
    [{ act_fn: "gelu" }, "act_fn", `"gelu"`],
    [{ down_block_types: ["CogVideoXDownBlock3D", "DownBlock2D"] }, "down_block_types", "DownBlock2D"],
    [{ up_block_types: ["CogVideoXUpBlock3D"] }, "up_block_types", "1 blocks"],
    [{ use_quant_conv: true }, "use_quant_conv", "true"],
    [{ use_post_quant_conv: true }, "use_post_quant_conv", "true"],
    [{ latents_mean: [0.1] }, "latents_mean", "[0.1]"],
    [{ latents_std: [0.1] }, "latents_std", "[0.1]"],
    [{ shift_factor: 0.5 }, "shift_factor", "0.5"],
    [{ norm_num_groups: 24 }, "norm_num_groups", "24"],
    [{ temporal_compression_ratio: 3 }, "temporal_compression_ratio", "3"],
    [{ temporal_compression_ratio: 16 }, "temporal_compression_ratio", "16"],
    [{ scaling_factor: 0 }, "scaling_factor", "0"],
    [{ layers_per_block: 1e9 }, "layers_per_block", "1000000000, but a value less than or equal to 256"],
    [{ latent_channels: 1e9 }, "latent_channels", "1000000000, but a value less than or equal to 4096"],
    [{ block_out_channels: [128, 256, 256, 2 ** 40] }, "block_out_channels", "less than or equal to 65536"],
    [{ block_out_channels: Array.from({ length: 1e6 }, () => 32) }, "block_out_channels", "a length of at most 8"],
    [{ sample_width: 1e12 }, "sample_width", "1000000000000, but a value less than or equal to 65536"],
    [{ sample_height: 1e12 }, "sample_height", "1000000000000, but a value less than or equal to 65536"],
    [{ temporal_compression_ratio: 2 ** 40 }, "temporal_compression_ratio", "less than or equal to 64"],
    [{ block_out_channels: "128" }, "block_out_channels", `"128"`],
  ]
  for (const [fields, field, value] of refused) {
    it.effect(`refuses ${JSON.stringify(fields).slice(0, 80)}, naming the field and the value`, () =>
      Effect.gen(function* () {
        const error = yield* Effect.flip(parseVaeConfig({ ...named, ...fields }, "vae/config.json"))
        assert.strictEqual(error._tag, "ModelError")
        assert.include(error.message, "vae/config.json")
        assert.include(error.message, field)
        assert.include(error.message, value)
        assert.isBelow(error.message.length, 400)
      }),
    )
  }

  it.effect("refuses a config without a class, and anything but an object", () =>
    Effect.gen(function* () {
      assert.include((yield* Effect.flip(parseVaeConfig({}, "c.json"))).message, `"_class_name" is missing`)
      assert.include((yield* Effect.flip(parseVaeConfig([], "c.json"))).message, "c.json")
      assert.include((yield* Effect.flip(parseVaeConfig(null, "c.json"))).message, "is not a JSON object")
    }),
  )
})
