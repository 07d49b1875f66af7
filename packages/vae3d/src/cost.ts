import { type Cost, costInTurn, type ModelError, timesCost } from "@auteur/core"
import type { Model } from "@auteur/engine"
import * as Effect from "effect/Effect"
import { spatialCompression, type VaeConfig } from "./config.ts"
import { advanceTogether, cacheBytes, type Region } from "./context-parallel.ts"
import { decoder3d } from "./decoder3d.ts"
import { encoder3d } from "./encoder3d.ts"
import { networkProgram } from "./network.ts"
import { type Chunk, decodedTogether, encodedTogether, temporalChunks } from "./temporal-chunks.ts"
import { type TileGrid, tilesOf } from "./tiled.ts"

/** The cost of decoding so many latent frames in the tiles of a grid. */
export const decodeCost = (
  model: Model,
  config: VaeConfig,
  frames: number,
  grid: TileGrid,
  workers: number,
): Effect.Effect<Cost, ModelError> => {
  const regions = tilesOf(grid).map(({ height, width }) => ({
    network: ({ start, end }: Chunk) => decoder3d(config, end - start, height, width),
  }))
  return regionCost(model, regions, temporalChunks(frames, decodedTogether), workers)
}

/** The cost of encoding so many frames in the tiles of a grid. */
export const encodeCost = (
  model: Model,
  config: VaeConfig,
  frames: number,
  grid: TileGrid,
  workers: number,
): Effect.Effect<Cost, ModelError> => {
  const scale = spatialCompression(config)
  const regions = tilesOf(grid).map(({ height, width }) => ({
    network: ({ start, end }: Chunk) => encoder3d(config, end - start, height * scale, width * scale),
  }))
  return regionCost(model, regions, temporalChunks(frames, encodedTogether), workers)
}

/**
 * The cost of taking regions through the encoder or the decoder, from the graphs of their chunks. Each shape of tile and each kind of
 * chunk is a session with weights of its own, on each worker.
 */
const regionCost: (
  model: Model,
  regions: ReadonlyArray<Pick<Region, "network">>,
  chunks: ReadonlyArray<Chunk>,
  workers: number,
) => Effect.Effect<Cost, ModelError> = Effect.fnUntraced(function* (model, regions, chunks, workers) {
  const sessions = new Map<string, { readonly cost: Cost; times: number }>()
  for (const region of regions) {
    for (const chunk of chunks) {
      const program = networkProgram(region.network(chunk), chunk)
      const known = sessions.get(program.key)
      if (known === undefined) sessions.set(program.key, { cost: yield* model.cost(program), times: 1 })
      else known.times++
    }
  }
  const cost = costInTurn([...sessions.values()].map(({ cost, times }) => timesCost(cost, times)))
  // The conv cache of the region that runs is among its inputs; those of the others wait.
  const cache =
    chunks.length === 1 ? 0 : Math.max(...regions.map((region) => cacheBytes(region.network(chunks.at(-1)!))))
  const waiting = advanceTogether(regions, chunks) ? cache * (regions.length - 1) : 0
  const busy = Math.min(workers, chunks.length)
  return {
    ...cost,
    builtOperators: (cost.builtOperators ?? 0) * busy,
    loadedBytes: (cost.loadedBytes ?? 0) * busy,
    weightBytes: cost.weightBytes * busy,
    activationBytes: cost.activationBytes * busy + waiting,
    keptBytes: (cost.keptBytes ?? 0) * busy,
  }
})
