import type { EngineError, ModelError } from "@auteur/core"
import type { HostTensor, Model } from "@auteur/engine"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { type Region, runChunks } from "./context-parallel.ts"
import type { Part } from "./stage.ts"
import type { Chunk } from "./temporal-chunks.ts"

/** What several regions together may leave in workers between chunks, unless a caller says otherwise. */
const gibibyte = 2 ** 30

/**
 * What comes out of each region, chunk by chunk.
 *
 * Each region keeps what its convolutions hand on until its next chunk. While that is little for all regions together, they
 * advance together and chunks come out as they are done. Otherwise one region goes through all chunks before the next one begins, and only
 * its results, which are far smaller, are kept: memory stays that of one region, and the first chunk comes out when the last region is done.
 */
export const runRegions = (
  model: Model,
  regions: ReadonlyArray<Region>,
  chunks: ReadonlyArray<Chunk>,
  parallel: number,
  togetherBytes: number = gibibyte,
): Stream.Stream<ReadonlyArray<HostTensor>, EngineError | ModelError> =>
  advanceTogether(regions, chunks, togetherBytes)
    ? runChunks(model, regions, chunks, parallel)
    : Stream.unwrap(
        Effect.gen(function* () {
          const done = yield* Effect.forEach(regions, (region) =>
            Stream.runCollect(runChunks(model, [region], chunks, parallel)),
          )
          return Stream.fromIterable(chunks.map((_, chunk) => done.map((outputs) => outputs[chunk]![0]!)))
        }),
      )

/** Whether chunks come out as they are done. */
export const advanceTogether = (
  regions: ReadonlyArray<Pick<Region, "part">>,
  chunks: ReadonlyArray<Chunk>,
  togetherBytes: number = gibibyte,
): boolean => {
  const handsOn = chunks.find((chunk) => chunk.handsOn)
  if (regions.length === 1 || handsOn === undefined) return true
  return regions.reduce((sum, region) => sum + carriedBytes(region.part(handsOn)), 0) <= togetherBytes
}

/** Bytes that the convolutions of a part hand on from one chunk to the next. */
export const carriedBytes = (part: Part): number =>
  part.stages
    .flatMap(({ caches }) => Object.values(caches))
    .reduce((sum, shape) => sum + 4 * shape.reduce((product, length) => product * length, 1), 0)
