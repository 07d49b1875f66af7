import type { Cost, LatentSize, ModelError } from "@auteur/core"
import type { Model } from "@auteur/engine"
import * as Effect from "effect/Effect"
import type { VaeConfig } from "./config.ts"
import { decoder3d } from "./decoder3d.ts"
import { advanceTogether, carriedBytes } from "./region-order.ts"
import { stageProgram } from "./stage.ts"
import { decodedTogether, temporalChunks } from "./temporal-chunks.ts"
import { type TileGrid, tilesOf } from "./tiling.ts"

/** What decoding latents of a size takes, from the graphs of its chunks and tiles; weights are held once for each worker. */
export const decodeCost: (
  model: Model,
  config: VaeConfig,
  size: LatentSize,
  grid: TileGrid,
  parallel: number,
) => Effect.Effect<Cost, ModelError> = Effect.fnUntraced(function* (model, config, size, grid, parallel) {
  const chunks = temporalChunks(size.frames, decodedTogether)
  const regions = tilesOf(grid).map(({ height, width }) => ({
    part: ({ start, end }: { readonly start: number; readonly end: number }) =>
      decoder3d(config, end - start, height, width),
  }))
  const costs = new Map<string, Cost>()
  let [flops, weightBytes, working] = [0, 0, 0]
  for (const region of regions) {
    for (const chunk of chunks) {
      const part = region.part(chunk)
      const program = stageProgram(part, 0, part.stages.length, chunk)
      const cost = costs.get(program.key) ?? (yield* model.cost(program))
      costs.set(program.key, cost)
      flops += cost.flops
      weightBytes = Math.max(weightBytes, cost.weightBytes)
      working = Math.max(working, cost.activationBytes)
    }
  }
  // What the program of one region takes over is among its inputs; that of the others waits.
  const carried =
    chunks.length === 1 ? 0 : Math.max(...regions.map((region) => carriedBytes(region.part(chunks.at(-1)!))))
  const waiting = advanceTogether(regions, chunks) ? carried * (regions.length - 1) : 0
  const workers = Math.min(parallel, chunks.length)
  return { flops, weightBytes: weightBytes * workers, activationBytes: working * workers + waiting }
})
