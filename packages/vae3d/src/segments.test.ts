import { Random } from "@auteur/core"
import { Engine, type HostTensor } from "@auteur/engine"
import { layer } from "@auteur/engine/node"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { loadGolden } from "../test/golden.ts"
import { cacheNames } from "./conv-cache.ts"
import { decoder3d } from "./decoder3d.ts"
import { encoder3d } from "./encoder3d.ts"
import { causalConvolutions, type Network, networkProgram } from "./network.ts"

const normal = (shape: ReadonlyArray<number>, seed: number): HostTensor => ({
  data: Random.torch(seed).normal(shape.reduce((size, length) => size * length, 1)),
  shape,
})

/** Runs a whole network on a first chunk and on the chunk after it: what comes out of each. */
const runChunks = Effect.fnUntraced(function* (first: Network, next: Network) {
  const { weights } = yield* loadGolden
  const model = yield* (yield* Engine).open(weights)
  const start = { first: true, handsOn: true }
  const hidden = (network: Network, seed: number) => normal(network.blocks[0]!.shape, seed)
  const one = yield* model.run(networkProgram(first, start), { hidden: hidden(first, 1) })
  const paths = [...causalConvolutions(first, first.blocks).keys()]
  const before = Object.fromEntries(paths.map((path) => [cacheNames(path).before, one[cacheNames(path).after]!]))
  const place = { first: false, handsOn: false }
  const program = networkProgram(next, place)
  const two = yield* model.run(program, { hidden: hidden(next, 2), ...before })
  return [one["result"]!, two["result"]!]
})

const largestDifference = (a: HostTensor, b: HostTensor): number => {
  assert.deepStrictEqual(a.shape, b.shape)
  return (a.data as Float32Array).reduce((most, x, i) => Math.max(most, Math.abs(x - Number(b.data[i]))), 0)
}

for (const kind of ["decoder", "encoder"] as const) {
  it.effect(`gives the ${kind}'s numbers frame by frame too, across chunks`, () =>
    Effect.gen(function* () {
      const { config } = yield* loadGolden
      const networks = (bytes?: number) =>
        kind === "decoder"
          ? [decoder3d(config, 3, 4, 3, bytes), decoder3d(config, 2, 4, 3, bytes)]
          : [encoder3d(config, 9, 32, 24, bytes), encoder3d(config, 8, 32, 24, bytes)]
      const run = (bytes?: number) => {
        const [first, next] = networks(bytes)
        // An engine of its own, since the programs have the same keys.
        return Effect.scoped(runChunks(first!, next!)).pipe(Effect.provide(layer({ threads: 1 })))
      }
      const [whole, framewise] = [yield* run(), yield* run(0)]
      for (const [i, chunk] of whole.entries()) assert.isBelow(largestDifference(framewise[i]!, chunk), 2e-5)
    }),
  )
}

it.effect("takes far less memory frame by frame", () =>
  Effect.gen(function* () {
    const { config, weights } = yield* loadGolden
    const bytes = (network: Network) =>
      Effect.gen(function* () {
        const model = yield* (yield* Engine).open(weights)
        const program = networkProgram(network, { first: true, handsOn: false })
        return (yield* model.cost(program)).activationBytes
      }).pipe(Effect.scoped, Effect.provide(layer({ threads: 1 })))
    const whole = yield* bytes(decoder3d(config, 3, 32, 32, Infinity))
    assert.isBelow(yield* bytes(decoder3d(config, 3, 32, 32, 2 ** 20)), 0.6 * whole)
  }),
)
