import { join } from "node:path"
import { concat, type EngineError, type ModelError, type Pixels, Tensor, VideoVae } from "@auteur/core"
import type { Engine } from "@auteur/engine"
import { layer, parseVaeConfig } from "@auteur/vae3d"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type CaseFolder, floats, type HostFloats, type Json, readJson, type Tensors } from "./case-folder.ts"
import { openCaseWeights } from "./case-weights.ts"
import { compare, moduleBound } from "./comparison.ts"
import type { ParityError } from "./parity-error.ts"
import type { CaseResult } from "./scheduler-case.ts"
import { sampleSizeOf } from "./tiles-of.ts"

type Sizes = readonly [number, number, number, number, number]

const encode = Effect.fnUntraced(function* ({ shape, data }: HostFloats) {
  const vae = yield* VideoVae
  return yield* vae.encode(Tensor.from("batch channels frames height width", shape as Sizes, data))
})

/** (B, C, F, h, w) → (B, 3, frames, H, W) */
const decode = Effect.fnUntraced(function* ({ shape, data }: HostFloats) {
  const vae = yield* VideoVae
  const latents = Tensor.from("batch channels frames height width", shape as Sizes, data)
  const chunks = yield* Stream.runCollect(
    vae.decode(latents.permute("batch frames channels height width").contiguous()),
  )
  return concat("frames", chunks as ReadonlyArray<Pixels>)
})

const hostOf = (tensor: Pixels): HostFloats => ({ shape: tensor.shape, data: tensor.contiguous().values() })

/**
 * Encodes `in.video.*` and decodes `in.latent.*` with the VAE in the folder; `in.tiled_video` and `in.tiled_latent` with tiles of
 * the sizes in case.json, and without tiles for outputs called `untiled_*`.
 */
export const vaeCase: (
  folder: CaseFolder,
  config: Json,
  tensors: Tensors,
) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError | ModelError | EngineError, Engine> = Effect.fnUntraced(
  function* (folder, config, tensors) {
    const weights = yield* openCaseWeights(folder)
    const provide = Effect.fnUntraced(function* (tiling: boolean) {
      const size = tiling ? yield* sampleSizeOf(yield* readJson(join(folder.path, "case.json"))) : {}
      // The reference values are from before scaling.
      const parsed = yield* parseVaeConfig({ ...config, ...size, scaling_factor: 1 }, "config.json")
      return layer({ config: parsed, weights, tiling })
    })
    const results: Array<CaseResult> = []
    const check = Effect.fnUntraced(function* (name: string, found: HostFloats) {
      if (!tensors.has(`out.${name}`)) return
      results.push(compare(name, found, yield* floats(tensors, `out.${name}`), moduleBound))
    })

    const one = Effect.fnUntraced(function* (input: string, kind: "video" | "latent", prefix: string, suffix: string) {
      const given = yield* floats(tensors, input)
      if (kind === "latent") return yield* check(`${prefix}decoded${suffix}`, hostOf(yield* decode(given)))
      const { mean, logVariance } = yield* encode(given)
      yield* check(`${prefix}mean${suffix}`, hostOf(mean))
      yield* check(`${prefix}logvar${suffix}`, hostOf(logVariance))
    })
    const inputs = [...tensors.keys()].flatMap((name) => {
      const groups = /^in\.(?<tiled>tiled_)?(?<kind>video|latent)(?<suffix>.*)$/.exec(name)?.groups
      return groups === undefined
        ? []
        : [
            {
              name,
              tiled: groups["tiled"] !== undefined,
              kind: groups["kind"] as "video" | "latent",
              suffix: groups["suffix"]!,
            },
          ]
    })
    yield* Effect.gen(function* () {
      for (const { name, tiled, kind, suffix } of inputs) yield* one(name, kind, tiled ? "untiled_" : "", suffix)
    }).pipe(Effect.provide(yield* provide(false)))
    if (inputs.some(({ tiled }) => tiled)) {
      yield* Effect.gen(function* () {
        for (const { name, tiled, kind, suffix } of inputs) if (tiled) yield* one(name, kind, "tiled_", suffix)
      }).pipe(Effect.provide(yield* provide(true)))
    }
    return results
  },
)
