import type { EngineError, ModelError } from "@auteur/core"
import type { HostTensor, Model, WorkerTensor, RunOptions } from "@auteur/engine"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { cacheNames } from "./chunk-scope.ts"
import { Residents } from "./residents.ts"
import { type Part, stageProgram } from "./stage.ts"
import type { Chunk } from "./temporal-chunks.ts"

/** One picture area of one video, which goes through the encoder or the decoder independently of others. */
export interface Region {
  readonly part: (chunk: Chunk) => Part
  /** The numbers of a chunk: pixels, or latents. */
  readonly input: (chunk: Chunk) => HostTensor
}

type Carried = Readonly<Record<string, HostTensor | WorkerTensor>>
type Failure = EngineError | ModelError

/**
 * Runs regions chunk by chunk: for each chunk, in order, what comes out of each region.
 *
 * With `parallel` of n > 1 the n-th worker takes every n-th chunk, and a chunk follows the one before at the distance of a
 * stage, as soon as that has handed on the frames that its causal convolutions need (paper §2.1, "context parallel"). The numbers are the same.
 * What convolutions hand on never leaves the worker when the next chunk runs there too, and is freed when it has been used or the stream ends.
 */
export const runChunks = (
  model: Model,
  regions: ReadonlyArray<Region>,
  chunks: ReadonlyArray<Chunk>,
  parallel: number,
): Stream.Stream<ReadonlyArray<HostTensor>, Failure> =>
  Stream.unwrap(
    Effect.gen(function* () {
      const runs = yield* Effect.forEach(regions, (region) => chunkRunner(model, region, chunks, parallel))
      return Stream.fromIterable(chunks).pipe(
        Stream.mapEffect((chunk) => Effect.forEach(runs, (run) => run(chunk)), { concurrency: parallel }),
      )
    }),
  )

const chunkRunner = Effect.fnUntraced(function* (
  model: Model,
  region: Region,
  chunks: ReadonlyArray<Chunk>,
  parallel: number,
): Effect.fn.Return<(chunk: Chunk) => Effect.Effect<HostTensor, Failure>, never, Scope.Scope> {
  const residents = yield* Residents.make(model)
  const count = region.part(chunks[0]!).stages.length
  // A single worker runs all stages as one program, which needs the least memory.
  const cuts = parallel === 1 ? [[0, count] as const] : Array.from({ length: count }, (_, i) => [i, i + 1] as const)
  const handed = chunks.map(() => cuts.map(() => Deferred.makeUnsafe<Carried>()))
  const threads = parallel === 1 ? {} : { threads: Math.max(1, Math.floor(navigator.hardwareConcurrency / parallel)) }

  return Effect.fnUntraced(function* (chunk) {
    const part = region.part(chunk)
    const rank = chunk.index % parallel
    const isLast = chunk.index === chunks.length - 1
    const input = region.input(chunk)
    let hidden: HostTensor | WorkerTensor = input
    for (const [cut, [from, to]] of cuts.entries()) {
      const before: Carried = chunk.first ? {} : yield* Deferred.await(handed[chunk.index - 1]![cut]!)
      const after = chunk.handsOn ? cachePaths(part, from, to) : []
      // Between workers the frames travel with the answer, which is faster than to fetch them later.
      const stay = parallel === 1 || isLast
      const keep = [...(stay ? after.map((path) => cacheNames(path).after) : []), ...(to < count ? ["result"] : [])]
      const latents = part.name === "decoder" && from > 0 ? { latents: input } : {}
      const options: RunOptions & { readonly keep: ReadonlyArray<string> } = { rank, keep, ...threads }
      const program = stageProgram(part, from, to, chunk)
      const results: Carried = yield* residents.run(program, { hidden, ...latents, ...before }, options)
      yield* residents.free([hidden, ...Object.values(before)])
      hidden = results["result"]!
      const carried = Object.fromEntries(
        after.map((path) => [cacheNames(path).before, results[cacheNames(path).after]!]),
      )
      if (isLast) yield* residents.free(Object.values(carried))
      else yield* Deferred.succeed(handed[chunk.index]![cut]!, carried)
    }
    return hidden as HostTensor
  })
})

/** The keys of the causal convolutions inside some stages. */
const cachePaths = (part: Part, from: number, to: number): ReadonlyArray<string> =>
  part.stages.slice(from, to).flatMap(({ caches }) => Object.keys(caches).map((path) => `${part.name}.${path}`))
