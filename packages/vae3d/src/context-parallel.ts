import type { EngineError, ModelError } from "@auteur/core"
import type { HostTensor, Inputs, Model, Program, RunOptions, WorkerTensor } from "@auteur/engine"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { cacheNames, cacheShape } from "./conv-cache.ts"
import { causalConvolutions, type Network, networkProgram } from "./network.ts"
import type { Chunk } from "./temporal-chunks.ts"

/** One picture area of one video, which goes through the encoder or the decoder independently of others. */
export interface Region {
  readonly network: (chunk: Chunk) => Network
  /** The numbers of a chunk: pixels, or latents. */
  readonly input: (chunk: Chunk) => HostTensor
}

type Failure = EngineError | ModelError

/** Bytes of conv caches that several regions together may leave in workers between chunks, unless a caller says otherwise. */
const gibibyte = 2 ** 30

/**
 * The results of each region, chunk by chunk.
 *
 * Each region keeps its conv caches until its next chunk. While those of all regions are small together, the regions advance
 * together and chunks come out as they are done. Otherwise each region goes through all chunks before the next one starts, and only
 * its results, which are far smaller, are kept: memory stays that of one region, and the first chunk comes out with the last region.
 */
export const runRegions = (
  model: Model,
  regions: ReadonlyArray<Region>,
  chunks: ReadonlyArray<Chunk>,
  workers: number,
  togetherBytes: number = gibibyte,
): Stream.Stream<ReadonlyArray<HostTensor>, Failure> =>
  advanceTogether(regions, chunks, togetherBytes)
    ? runChunks(model, regions, chunks, workers)
    : Stream.unwrap(
        Effect.gen(function* () {
          const done = yield* Effect.forEach(regions, (region) =>
            Stream.runCollect(runChunks(model, [region], chunks, workers)),
          )
          return Stream.fromIterable(chunks.map((_, chunk) => done.map((outputs) => outputs[chunk]![0]!)))
        }),
      )

/** Whether chunks come out as they are done. */
export const advanceTogether = (
  regions: ReadonlyArray<Pick<Region, "network">>,
  chunks: ReadonlyArray<Chunk>,
  togetherBytes: number = gibibyte,
): boolean => {
  const handsOn = chunks.find((chunk) => chunk.handsOn)
  if (regions.length === 1 || handsOn === undefined) return true
  return regions.reduce((sum, region) => sum + cacheBytes(region.network(handsOn)), 0) <= togetherBytes
}

/** Bytes of a network's conv caches. */
export const cacheBytes = (network: Network): number =>
  [...causalConvolutions(network, network.blocks).values()]
    .map(cacheShape)
    .reduce((sum, shape) => sum + 4 * shape.reduce((product, length) => product * length, 1), 0)

/**
 * Runs regions chunk by chunk.
 *
 * With several workers the n-th one takes every n-th chunk, and a chunk follows the one before at the distance of a block, as soon as
 * that has handed on its conv cache (paper §2.1, "context parallel"). The numbers are the same. A cache never leaves the worker when the
 * next chunk runs there too, and is freed when it has been used or the stream ends.
 */
const runChunks = (
  model: Model,
  regions: ReadonlyArray<Region>,
  chunks: ReadonlyArray<Chunk>,
  workers: number,
): Stream.Stream<ReadonlyArray<HostTensor>, Failure> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const runs = yield* Effect.forEach(regions, (region) => chunkRunner(model, region, chunks, workers))
      return Stream.fromIterable(chunks).pipe(
        Stream.mapEffect((chunk) => Effect.forEach(runs, (run) => run(chunk)), { concurrency: workers }),
      )
    }),
  )

const chunkRunner = Effect.fnUntraced(function* (
  model: Model,
  region: Region,
  chunks: ReadonlyArray<Chunk>,
  workers: number,
): Effect.fn.Return<(chunk: Chunk) => Effect.Effect<HostTensor, Failure>, never, Scope.Scope> {
  const kept = yield* KeptTensors.make(model)
  const count = region.network(chunks[0]!).blocks.length
  // A single worker runs all blocks as one program, which needs the least memory.
  const cuts = workers === 1 ? [[0, count] as const] : Array.from({ length: count }, (_, i) => [i, i + 1] as const)
  const caches = chunks.map(() => cuts.map(() => Deferred.makeUnsafe<Inputs>()))
  const threads = workers === 1 ? {} : { threads: Math.max(1, Math.floor(navigator.hardwareConcurrency / workers)) }

  return Effect.fnUntraced(function* (chunk) {
    const network = region.network(chunk)
    const rank = chunk.index % workers
    const isLast = chunk.index === chunks.length - 1
    const input = region.input(chunk)
    let hidden: HostTensor | WorkerTensor = input
    for (const [cut, [from, to]] of cuts.entries()) {
      const before: Inputs = chunk.first ? {} : yield* Deferred.await(caches[chunk.index - 1]![cut]!)
      const paths = chunk.handsOn ? [...causalConvolutions(network, network.blocks.slice(from, to)).keys()] : []
      // Between workers a cache travels with the reply, which is faster than to fetch it later.
      const stays = workers === 1 || isLast
      const keep = [...(stays ? paths.map((path) => cacheNames(path).after) : []), ...(to < count ? ["result"] : [])]
      const latents = network.name === "decoder" && from > 0 ? { latents: input } : {}
      const program = networkProgram(network, chunk, from, to)
      const results: Inputs = yield* kept.run(program, { hidden, ...latents, ...before }, { rank, keep, ...threads })
      yield* kept.free([hidden, ...Object.values(before)])
      hidden = results["result"]!
      const cache = Object.fromEntries(paths.map((path) => [cacheNames(path).before, results[cacheNames(path).after]!]))
      if (isLast) yield* kept.free(Object.values(cache))
      else yield* Deferred.succeed(caches[chunk.index]![cut]!, cache)
    }
    return hidden as HostTensor
  })
})

/** Tensors that were left in workers, none of which outlives a scope. */
class KeptTensors {
  readonly #model: Model
  readonly #tensors = new Set<WorkerTensor>()

  private constructor(model: Model) {
    this.#model = model
  }

  static make(model: Model): Effect.Effect<KeptTensors, never, Scope.Scope> {
    return Effect.acquireRelease(
      Effect.sync(() => new KeptTensors(model)),
      (kept) => Effect.suspend(() => kept.free(kept.#tensors)),
    )
  }

  /** Runs a program and gives all of its outputs, those in `keep` as tensors that stayed in the worker. */
  run(
    program: Program,
    inputs: Inputs,
    options: RunOptions & { readonly keep: ReadonlyArray<string> },
  ): Effect.Effect<Inputs, Failure> {
    return Effect.uninterruptibleMask((restore) =>
      Effect.map(restore(this.#model.runAndKeep(program, inputs, options)), ({ outputs, kept }) => {
        for (const tensor of Object.values(kept)) this.#tensors.add(tensor)
        return { ...outputs, ...kept }
      }),
    )
  }

  /** Frees those of the tensors that are in a worker. */
  free(tensors: Iterable<HostTensor | WorkerTensor>): Effect.Effect<void> {
    const inWorkers = [...tensors].filter((tensor) => "id" in tensor)
    for (const tensor of inWorkers) this.#tensors.delete(tensor)
    return inWorkers.length === 0 ? Effect.void : this.#model.free(inWorkers)
  }
}
