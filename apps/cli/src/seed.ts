import * as Option from "effect/Option"

/** Reads a seed: a whole number of 64 bits, with or without a sign. */
export const parseSeed = (text: string): Option.Option<number | bigint> => {
  if (!/^[+-]?\d{1,20}$/.test(text.trim())) return Option.none()
  const wide = BigInt(text.trim().replace(/^\+/, ""))
  if (wide < -(2n ** 63n) || wide >= 2n ** 64n) return Option.none()
  const seed = Number(wide)
  return Option.some(Number.isSafeInteger(seed) ? seed : wide)
}
