import type { LoraOptions } from "auteur/effect"
import * as Option from "effect/Option"

/** Reads a size such as `720x480`: width before height, in pixels. */
export const parseSize = (text: string): Option.Option<{ readonly width: number; readonly height: number }> => {
  const match = /^(\d{1,6})[x×](\d{1,6})$/.exec(text.trim())
  return match === null ? Option.none() : Option.some({ width: Number(match[1]), height: Number(match[2]) })
}

/** Reads `FILE[:WEIGHT]`. */
export const parseLora = (text: string): LoraOptions => {
  const [, path, weight] = /^(.+):([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.exec(text) ?? []
  return path === undefined || !Number.isFinite(Number(weight)) ? { path: text } : { path, weight: Number(weight) }
}
