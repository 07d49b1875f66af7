/**
 * Fits a line from the change of a signal to that of what the blocks add, over runs of the bundled model: `node bench/caches/fit.ts`.
 * TeaCache's coefficients for the bundled model come from here.
 */
import { type AnyTensor, generate, type Tensor } from "@auteur/core"
import { relativeChange, type StepCache, type StepSignal } from "@auteur/dit"
import { layer as engineLayer } from "@auteur/engine/node"
import { loadModel } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { clips } from "./settings.ts"

const runs = [50, 20, 10, 50] as const

/** The changes of the signal and of the prediction from each call to the next. */
const changesOf = async (signal: StepSignal): Promise<ReadonlyArray<readonly [number, number]>> => {
  const pairs: Array<readonly [number, number]> = []
  for (const [i, steps] of runs.entries()) {
    const changes = new Map<number, number>()
    const cache: StepCache = {
      kind: "step",
      name: "fit",
      signal,
      comparedWith: "last call",
      reuse: ({ signal, previous, index }) => {
        changes.set(index, relativeChange(signal, previous))
        return { reuse: false, distance: 0 }
      },
    }
    const [prompt, seed] = clips[i % clips.length]!
    let before: AnyTensor | undefined
    const run = Stream.runForEach(generate({ prompt, seed, steps, guidanceScale: 6 }), (event) =>
      Effect.sync(() => {
        if (event.type !== "step-end") return
        const now = event.checkpoint.componentStates.denoiser.get("cache.residual.0")
        if (now !== undefined && before !== undefined) {
          pairs.push([changes.get(event.index)!, relativeChange([tokens(now)], [tokens(before)])])
        }
        before = now
      }),
    )
    const model = Layer.unwrap(Effect.map(loadModel("emoji-world", { cache }), ({ layer }) => layer))
    await Effect.runPromise(run.pipe(Effect.provide(model.pipe(Layer.provide(engineLayer())))))
  }
  return pairs
}

const tokens = (tensor: AnyTensor) => tensor as Tensor<"batch tokens channels">

for (const signal of ["timestep-embedding", "modulated-input", "first-block-residual"] as const) {
  const pairs = await changesOf(signal)
  const mean = (of: (pair: readonly [number, number]) => number) =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length
  const [x, y] = [mean(([x]) => x), mean(([, y]) => y)]
  const [xx, xy, yy] = [mean(([a]) => (a - x) ** 2), mean(([a, b]) => (a - x) * (b - y)), mean(([, b]) => (b - y) ** 2)]
  const slope = xy / xx
  console.log(
    `${signal}: ${slope.toFixed(4)} x + ${(y - slope * x).toFixed(4)}, correlation ${(xy / Math.sqrt(xx * yy)).toFixed(3)}, ${pairs.length} pairs`,
  )
}
