import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Json } from "./case-folder.ts"
import { ParityError } from "./parity-error.ts"

const Tiling = Schema.Struct({
  tile_sample_min_height: Schema.Int,
  tile_sample_min_width: Schema.Int,
  tile_latent_min_height: Schema.optionalKey(Schema.Int),
  tile_latent_min_width: Schema.optionalKey(Schema.Int),
  tile_overlap_factor_height: Schema.optionalKey(Schema.Number),
  tile_overlap_factor_width: Schema.optionalKey(Schema.Number),
})

/** The sample size of a VAE config that has the tiles of a case: tiles are half as high and half as wide. */
export const sampleSizeOf: (
  json: Json,
) => Effect.Effect<{ readonly sample_height: number; readonly sample_width: number }, ParityError> = Effect.fnUntraced(
  function* (json) {
    const tiling = yield* Effect.mapError(
      Schema.decodeUnknownEffect(Tiling)(json["tiling"]),
      () => new ParityError({ message: `The "tiling" of case.json does not give tile_sample_min_height and …_width.` }),
    )
    const { tile_overlap_factor_height = 1 / 6, tile_overlap_factor_width = 1 / 5 } = tiling
    if (Math.abs(tile_overlap_factor_height - 1 / 6) > 1e-9 || Math.abs(tile_overlap_factor_width - 1 / 5) > 1e-9) {
      return yield* new ParityError({
        message: `The tiles in case.json overlap by ${tile_overlap_factor_height} and ${tile_overlap_factor_width}, but only 1/6 of the height and 1/5 of the width can be followed.`,
      })
    }
    return { sample_height: tiling.tile_sample_min_height * 2, sample_width: tiling.tile_sample_min_width * 2 }
  },
)
