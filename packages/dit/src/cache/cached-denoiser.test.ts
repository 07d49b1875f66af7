import { type AnyTensor, Denoiser, type PredictInput, type Prediction, type ComponentState, Tensor } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { assert, layer as withLayer } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { inputOf, level, textsOf } from "../../test/denoiser-input.ts"
import { denoiserLayer } from "../../test/provide-denoiser.ts"
import { type CaseName, loadCase, type TransformerCase } from "../../test/transformer-case.ts"
import type { AttentionCache, AttentionCacheInput, StepCache, StepCacheInput, StepSignal } from "./cache.ts"
import { firstBlockCache } from "./first-block-cache.ts"
import { pyramidAttentionBroadcast } from "./pyramid-attention-broadcast.ts"

const engine = engineLayer({ threads: 1 })

type Cache = StepCache | AttentionCache

const signals = ["timestep-embedding", "modulated-input", "first-block-residual"] as const

/** A cache that decides as it is told, and records its inputs. */
const stepCache = (signal: StepSignal, reuse: boolean, inputs: Array<StepCacheInput> = []): StepCache => ({
  kind: "step",
  name: "told",
  signal,
  comparedWith: "last call",
  reuse: (input) => {
    inputs.push(input)
    return { reuse, distance: input.distance + 1 }
  },
})
const attentionCache = (
  reuses: (input: AttentionCacheInput) => boolean,
  inputs: Array<AttentionCacheInput> = [],
): AttentionCache => ({
  kind: "attention",
  name: "told",
  reuses: (input) => {
    inputs.push(input)
    return reuses(input)
  },
})

/** The inputs of a run's first calls: the reference's sample, which fades, at timesteps that fall. */
const callsOf = (given: TransformerCase, count: number, texts = textsOf(given)): ReadonlyArray<PredictInput> => {
  const input = inputOf(given)
  return Array.from({ length: count }, (_, i) => ({
    ...input,
    texts,
    level: { ...level, timestep: 800 - 100 * i },
    sample: Tensor.from(
      "batch frames channels height width",
      input.sample.shape,
      input.sample.values().map((x) => x * 0.8 ** i),
    ),
  }))
}

const predict = Effect.fnUntraced(function* (input: PredictInput) {
  return yield* (yield* Denoiser).predict(input)
})

/** The predictions of calls that share a state. */
const run = (
  given: TransformerCase,
  cache: Cache | undefined,
  calls: ReadonlyArray<PredictInput>,
  state: ComponentState = new Map(),
) =>
  Effect.forEach(calls, (call) => predict({ ...call, state })).pipe(Effect.provide(denoiserLayer({ ...given, cache })))

const furthest = (a: ReadonlyArray<Prediction>, b: ReadonlyArray<Prediction>): number =>
  Math.max(
    ...a.map(({ clean }, i) => {
      const other = b[i]!.clean.contiguous().values()
      return clean
        .contiguous()
        .values()
        .reduce((most, x, at) => Math.max(most, Math.abs(x - other[at]!)), 0)
    }),
  )

const caches: ReadonlyArray<readonly [string, (reuse: boolean) => Cache]> = [
  ...signals.map((signal) => [signal, (reuse: boolean) => stepCache(signal, reuse)] as const),
  ["attention", (reuse) => attentionCache(() => reuse)],
]

withLayer(engine)("a denoiser with a cache", (it) => {
  for (const [name, cache] of caches) {
    for (const caseName of ["v1-sincos", "v1-rope", "v15-i2v"] satisfies ReadonlyArray<CaseName>) {
      it.effect(`predicts the same as without a cache when the cache computes each time: ${name}, ${caseName}`, () =>
        Effect.gen(function* () {
          const given = yield* loadCase(caseName)
          const calls = callsOf(given, 2)
          const plain = yield* run(given, undefined, calls)
          const cached = yield* run(given, cache(false), calls)
          for (const [i, predictions] of plain.entries()) assert.isBelow(furthest(predictions, cached[i]!), 2e-6)
        }),
      )
    }

    it.effect(`predicts something else when the cache reuses, from the second call on: ${name}`, () =>
      Effect.gen(function* () {
        const given = yield* loadCase("v1-rope")
        const calls = callsOf(given, 2)
        const plain = yield* run(given, undefined, calls)
        const [first, second] = yield* run(given, cache(true), calls)
        assert.isBelow(furthest(plain[0]!, first!), 2e-6)
        assert.isAbove(furthest(plain[1]!, second!), 1e-3)
        // The same call again has the same to reuse, and so gives the same prediction.
        const again = yield* run(given, cache(true), [calls[0]!, calls[0]!])
        assert.isBelow(furthest(again[0]!, again[1]!), 2e-6)
      }),
    )

    it.effect(`keeps nothing without a state, and nothing after the last call: ${name}`, () =>
      Effect.gen(function* () {
        const given = yield* loadCase("v1-rope")
        const calls = callsOf(given, 2)
        const alone = yield* Effect.forEach(calls, predict).pipe(
          Effect.provide(denoiserLayer({ ...given, cache: cache(true) })),
        )
        const plain = yield* run(given, undefined, calls)
        for (const [i, predictions] of plain.entries()) assert.strictEqual(furthest(predictions, alone[i]!), 0)
        const state: ComponentState = new Map([["another component's", Tensor.zeros("a", [1])]])
        yield* run(given, cache(true), calls, state)
        assert.isAbove(state.size, 1)
        yield* run(given, cache(true), [{ ...calls[1]!, last: true }], state)
        assert.deepStrictEqual([...state.keys()], ["another component's"])
      }),
    )

    it.effect(`continues bit for bit from a copy of its state, and changes no tensor in place: ${name}`, () =>
      Effect.gen(function* () {
        const given = yield* loadCase("v1-rope")
        const calls = callsOf(given, 4)
        for (const reuse of [true, false]) {
          const whole = yield* run(given, cache(reuse), calls)
          const state: ComponentState = new Map()
          yield* run(given, cache(reuse), calls.slice(0, 2), state)
          const saved: ComponentState = new Map(state)
          const bits = bitsOf(saved)
          yield* run(given, cache(reuse), calls.slice(2), state)
          assert.deepStrictEqual(bitsOf(saved), bits)
          const resumed = yield* run(given, cache(reuse), calls.slice(2), saved)
          for (const [i, predictions] of resumed.entries()) assert.strictEqual(furthest(predictions, whole[i + 2]!), 0)
        }
      }),
    )

    it.effect(`costs at least as much as without: ${name}`, () =>
      Effect.gen(function* () {
        const given = yield* loadCase("v1-rope")
        for (const [size, texts] of [
          [{ frames: 3, height: 6, width: 8 }, 2],
          [{ frames: 1, height: 64, width: 80 }, 2],
        ] as const) {
          const costOf = (cache: Cache | undefined) =>
            Denoiser.use((denoiser) => denoiser.cost(size, texts)).pipe(
              Effect.provide(denoiserLayer({ ...given, cache })),
            )
          const [plain, cached] = [yield* costOf(undefined), yield* costOf(cache(true))]
          for (const field of ["flops", "activationBytes", "weightBytes", "keptBytes"] as const) {
            assert.isAtLeast(cached[field]!, plain[field]!, field)
          }
          assert.isBelow(cached.flops, 1.01 * plain.flops)
        }
      }),
    )
  }
})

withLayer(engine)("a step cache", (it) => {
  it.effect("decides on all texts together, whether they go through as one batch or one after the other", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const noise = Float32Array.from({ length: 64 * 80 * 4 }, (_, i) => Math.sin(i * i))
      // 1280 video tokens: too many for one batch.
      const sample = Tensor.from("batch frames channels height width", [1, 1, 4, 64, 80], noise)
      for (const [calls, shapes] of [
        [callsOf(given, 3), [[2, 36, 32]]],
        [
          callsOf(given, 3).map((call) => ({ ...call, sample })),
          [
            [1, 1280, 32],
            [1, 1280, 32],
          ],
        ],
      ] as const) {
        const inputs: Array<StepCacheInput> = []
        yield* run(given, stepCache("first-block-residual", true, inputs), calls)
        assert.deepStrictEqual(
          inputs.map(({ signal, previous, ...rest }) => ({
            ...rest,
            shapes: [signal, previous].map((each) => each.map(({ shape }) => shape)),
          })),
          [
            { distance: 0, index: 1, timestep: 700, last: false, shapes: [shapes, shapes] },
            { distance: 1, index: 2, timestep: 600, last: false, shapes: [shapes, shapes] },
          ] as never,
        )
      }
    }),
  )

  it.effect("is given the signal of the call that it compares with", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const firstOf = (signal: StepCacheInput["signal"]) => signal[0]!.values()[0]
      for (const comparedWith of ["last call", "last computed"] as const) {
        const inputs: Array<StepCacheInput> = []
        const cache = { ...stepCache("first-block-residual", true, inputs), comparedWith }
        yield* run(given, cache, callsOf(given, 3))
        const [second, third] = inputs as [StepCacheInput, StepCacheInput]
        assert.notStrictEqual(firstOf(second.signal), firstOf(second.previous))
        assert.strictEqual(
          firstOf(third.previous),
          firstOf(comparedWith === "last call" ? second.signal : second.previous),
        )
      }
    }),
  )

  it.effect("starts again when the number of texts changes", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const inputs: Array<StepCacheInput> = []
      const [one, two] = [callsOf(given, 1, textsOf(given).slice(0, 1))[0]!, callsOf(given, 1)[0]!]
      yield* run(given, stepCache("timestep-embedding", true, inputs), [one, two, two, one])
      assert.deepStrictEqual(
        inputs.map(({ index }) => index),
        [2],
      )
    }),
  )

  it.effect(
    "sees a change of the sample in the first block and the modulated input, but not in the timestep embedding",
    () =>
      Effect.gen(function* () {
        const given = yield* loadCase("v1-rope")
        const [first, second] = callsOf(given, 2) as [PredictInput, PredictInput]
        for (const signal of signals) {
          const inputs: Array<StepCacheInput> = []
          yield* run(given, stepCache(signal, false, inputs), [
            first,
            { ...first, sample: second.sample },
            { ...first, level: second.level },
          ])
          const isAs = ({ signal, previous }: StepCacheInput) =>
            signal[0]!.values().every((x, i) => x === previous[0]!.values()[i])
          assert.strictEqual(isAs(inputs[0]!), signal === "timestep-embedding")
          assert.isFalse(isAs(inputs[1]!))
        }
      }),
  )
})

withLayer(engine)("an attention cache", (it) => {
  it.effect("decides on each block whose attention was computed before, and may choose some", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const inputs: Array<AttentionCacheInput> = []
      const calls = callsOf(given, 2)
      const [, some] = yield* run(
        given,
        attentionCache(({ block }) => block === 1, inputs),
        calls,
      )
      assert.deepStrictEqual(inputs, [
        { block: 0, blocks: 2, index: 1, timestep: 700, last: false },
        { block: 1, blocks: 2, index: 1, timestep: 700, last: false },
      ])
      const [, none] = yield* run(given, undefined, calls)
      const [, all] = yield* run(
        given,
        attentionCache(() => true),
        calls,
      )
      assert.isAbove(furthest(some!, none!), 1e-4)
      assert.isAbove(furthest(some!, all!), 1e-4)
    }),
  )
})

withLayer(engine)("a cache of a third party that fails is named:", (it) => {
  const step = (reuse: () => unknown): Cache => ({
    ...stepCache("timestep-embedding", true),
    name: "mine",
    reuse: reuse as never,
  })
  const boom = () => {
    throw new Error("boom")
  }
  it.effect.each([
    ["a step cache that throws", step(boom), /boom; correct it, or leave it out\.$/],
    [
      "one that decides on a distance of NaN",
      step(() => ({ reuse: true, distance: Number.NaN })),
      /reuse true and the distance NaN, but true or false and a finite number/,
    ],
    ["one that does not decide", step(() => ({ distance: 0 })), /reuse undefined and the distance 0/],
    ["one that gives nothing", step(() => undefined), /call 2, timestep 700: /],
    ["an attention cache that throws", { ...attentionCache(boom), name: "mine" }, /boom/],
    [
      "one that decides on a word",
      { ...attentionCache((() => "yes") as never), name: "mine" },
      /decided with yes on block 0, but true or false/,
    ],
  ] as const)("%s", ([, cache, message]) =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const error = yield* Effect.flip(run(given, cache, callsOf(given, 2)))
      assert.strictEqual(error._tag, "PipelineError")
      assert.match(error.message, /^The cache "mine" of the model failed at call 2, timestep 700: /)
      assert.match(error.message, message)
    }),
  )
})

withLayer(engine)("the built-in caches", (it) => {
  it.effect("reuse where little has changed, and compute where much has", () =>
    Effect.gen(function* () {
      const given = yield* loadCase("v1-rope")
      const calls = callsOf(given, 3)
      const plain = yield* run(given, undefined, calls)
      for (const [lenient, strict] of [
        [firstBlockCache({ threshold: 2 }), firstBlockCache({ threshold: 0.001 })],
        [pyramidAttentionBroadcast({ every: 2 }), pyramidAttentionBroadcast({ every: 2, timesteps: [0, 1] })],
      ] as const) {
        assert.isAbove(furthest(plain[1]!, (yield* run(given, lenient, calls))[1]!), 1e-3)
        assert.isBelow(furthest(plain[1]!, (yield* run(given, strict, calls))[1]!), 2e-6)
      }
    }),
  )
})

const bitsOf = (state: ReadonlyMap<string, AnyTensor>): ReadonlyArray<string> =>
  [...state].map(([name, tensor]) => `${name} ${[...tensor.values()].join()}`)
