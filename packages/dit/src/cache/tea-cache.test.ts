import { Tensor } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import type { Signal } from "./cache.ts"
import { teaCache, teaEstimate } from "./tea-cache.ts"

const signalOf = (value: number): Signal => [
  Tensor.from("batch tokens channels", [1, 1, 2], Float32Array.of(value, -value)),
]

/** Which of the calls are computed, with the timestep's vector as large as each of `sizes` says. */
const computed = (
  { threshold, coefficients = [1, 0] }: { threshold: number; coefficients?: ReadonlyArray<number> },
  sizes: ReadonlyArray<number>,
): string => {
  const cache = teaCache({ threshold, coefficients, signal: "timestep-embedding" })
  assert.strictEqual(cache.comparedWith, "last call")
  let distance = 0
  return sizes
    .map((size, index) => {
      if (index === 0) return "x"
      const last = index === sizes.length - 1
      const input = {
        signal: signalOf(size),
        previous: signalOf(sizes[index - 1]!),
        distance,
        index,
        timestep: 1,
        last,
      }
      const decision = cache.reuse(input)
      distance = decision.distance
      return decision.reuse ? "." : "x"
    })
    .join("")
}

describe("TeaCache", () => {
  it("adds up the changes since the last call that was computed, and computes once they reach the threshold", () => {
    // Each call changes by an eighth.
    const sizes = Array.from({ length: 10 }, (_, i) => 1.125 ** i)
    assert.strictEqual(computed({ threshold: 0.3 }, sizes), "x..x..x..x")
    assert.strictEqual(computed({ threshold: 0.24 }, sizes), "x.x.x.x.xx")
    assert.strictEqual(computed({ threshold: 0.1 }, sizes), "xxxxxxxxxx")
  })

  it("computes the last call whatever it is like", () => {
    assert.strictEqual(computed({ threshold: 1 }, [1, 1, 1, 1]), "x..x")
  })

  it("puts the change through the polynomial, highest power first", () => {
    // 8 c² + 4 c + ⅛ at c = ⅛ is ¾: two are more than 1.
    const sizes = Array.from({ length: 5 }, (_, i) => 1.125 ** i)
    assert.strictEqual(computed({ threshold: 1, coefficients: [8, 4, 0.125] }, sizes), "x.x.x")
  })

  it("has the polynomials of CogVideoX, and the modulated input for other models", () => {
    const estimate = (heads: number, layers: number, patch: number | null = null, channels = 16) =>
      teaEstimate({
        num_attention_heads: heads,
        attention_head_dim: 64,
        num_layers: layers,
        patch_size_t: patch,
        in_channels: channels,
        out_channels: 16,
      })
    for (const [found, first] of [
      [estimate(30, 30), -31.0658903],
      [estimate(48, 42), -1538.80483],
      [estimate(48, 42, null, 32), -1538.80483],
      [estimate(48, 42, 2), 250.210439],
      [estimate(48, 42, 2, 32), 122.842302],
    ] as const) {
      assert.strictEqual(found.signal, "timestep-embedding")
      assert.strictEqual(found.coefficients[0], first)
    }
    assert.deepStrictEqual(estimate(4, 6), { signal: "modulated-input", coefficients: [1, 0] })
    assert.deepStrictEqual(estimate(3, 6), { signal: "modulated-input", coefficients: [1.4744, -0.0017] })
  })
})
