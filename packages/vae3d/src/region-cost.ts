import { type Cost, costInTurn, type ModelError, timesCost } from "@auteur/core"
import type { Model } from "@auteur/engine"
import * as Effect from "effect/Effect"
import { spatialCompression, type VaeConfig } from "./config.ts"
import type { Region } from "./context-parallel.ts"
import { decoder3d } from "./decoder3d.ts"
import { encoder3d } from "./encoder3d.ts"
import { advanceTogether, carriedBytes } from "./region-order.ts"
import { stageProgram } from "./stage.ts"
import { type Chunk, decodedTogether, encodedTogether, temporalChunks } from "./temporal-chunks.ts"
import { type TileGrid, tilesOf } from "./tiling.ts"

/** What decoding so many latent frames takes in the tiles of a grid. */
export const decodeCost = (
  model: Model,
  config: VaeConfig,
  frames: number,
  grid: TileGrid,
  parallel: number,
): Effect.Effect<Cost, ModelError> => {
  const regions = tilesOf(grid).map(({ height, width }) => ({
    part: ({ start, end }: Chunk) => decoder3d(config, end - start, height, width),
  }))
  return regionCost(model, regions, temporalChunks(frames, decodedTogether), parallel)
}

/** What encoding so many frames takes in the tiles of a grid. */
export const encodeCost = (
  model: Model,
  config: VaeConfig,
  frames: number,
  grid: TileGrid,
  parallel: number,
): Effect.Effect<Cost, ModelError> => {
  const scale = spatialCompression(config)
  const regions = tilesOf(grid).map(({ height, width }) => ({
    part: ({ start, end }: Chunk) => encoder3d(config, end - start, height * scale, width * scale),
  }))
  return regionCost(model, regions, temporalChunks(frames, encodedTogether), parallel)
}

/**
 * What taking regions through the encoder or the decoder costs, from the graphs of their chunks. Each shape of tile and each kind of
 * chunk is a session with weights of its own, on each worker.
 */
const regionCost: (
  model: Model,
  regions: ReadonlyArray<Pick<Region, "part">>,
  chunks: ReadonlyArray<Chunk>,
  parallel: number,
) => Effect.Effect<Cost, ModelError> = Effect.fnUntraced(function* (model, regions, chunks, parallel) {
  const sessions = new Map<string, { readonly cost: Cost; times: number }>()
  for (const region of regions) {
    for (const chunk of chunks) {
      const part = region.part(chunk)
      const program = stageProgram(part, 0, part.stages.length, chunk)
      const known = sessions.get(program.key)
      if (known === undefined) sessions.set(program.key, { cost: yield* model.cost(program), times: 1 })
      else known.times++
    }
  }
  const cost = costInTurn([...sessions.values()].map(({ cost, times }) => timesCost(cost, times)))
  // What the program of one region takes over is among its inputs; that of the others waits.
  const carried =
    chunks.length === 1 ? 0 : Math.max(...regions.map((region) => carriedBytes(region.part(chunks.at(-1)!))))
  const waiting = advanceTogether(regions, chunks) ? carried * (regions.length - 1) : 0
  const workers = Math.min(parallel, chunks.length)
  return {
    ...cost,
    builtOperators: (cost.builtOperators ?? 0) * workers,
    loadedBytes: (cost.loadedBytes ?? 0) * workers,
    weightBytes: cost.weightBytes * workers,
    activationBytes: cost.activationBytes * workers + waiting,
    keptBytes: (cost.keptBytes ?? 0) * workers,
  }
})
