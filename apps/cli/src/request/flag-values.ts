import type { LoraOptions } from "auteur"
import * as Option from "effect/Option"

/** Reads a seed: a whole number of 64 bits, with or without a sign. */
export const parseSeed = (text: string): Option.Option<number | bigint> => {
  if (!/^[+-]?\d{1,20}$/.test(text.trim())) return Option.none()
  const wide = BigInt(text.trim().replace(/^\+/, ""))
  if (wide < -(2n ** 63n) || wide >= 2n ** 64n) return Option.none()
  const seed = Number(wide)
  return Option.some(Number.isSafeInteger(seed) ? seed : wide)
}

/** Reads a size such as `720x480`: width before height, in pixels. */
export const parseSize = (text: string): Option.Option<{ readonly width: number; readonly height: number }> => {
  const match = /^(\d{1,6})[x×](\d{1,6})$/.exec(text.trim())
  return match === null ? Option.none() : Option.some({ width: Number(match[1]), height: Number(match[2]) })
}

/** Reads `FILE[:WEIGHT]`. */
export const parseLora = (text: string): LoraOptions => {
  const [, path, weight] = /^(.+):([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.exec(text) ?? []
  return path === undefined ? { path: text } : { path, weight: Number(weight) }
}
