import { assert } from "vitest"

/** Fails at the number that is furthest from its expectation, by more than `tolerance`. */
export const assertClose = (
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
  tolerance: number,
): void => {
  assert.strictEqual(actual.length, expected.length)
  let [worst, at] = [0, 0]
  for (let i = 0; i < expected.length; i++) {
    const error = Math.abs(Number(actual[i]) - Number(expected[i]))
    if (!(error <= worst)) [worst, at] = [error, i]
  }
  assert.ok(worst <= tolerance, `element ${at} is ${actual[at]}, not ${expected[at]}: off by ${worst}`)
}
