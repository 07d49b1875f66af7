import { expect, it } from "vitest"
import { Mt19937 } from "./mt19937.ts"

// The C++ standard gives the 10000th draw of std::mt19937 with its default seed: [rand.predef].
it("draws the standard's 10000th number", () => {
  const generator = Mt19937.seeded(5489)
  for (let i = 1; i < 10_000; i++) generator.bits32()
  expect(generator.bits32()).toBe(4_123_659_995)
})
