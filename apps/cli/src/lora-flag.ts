import type { LoraOptions } from "auteur"

/** Reads `FILE[:WEIGHT]`. */
export const parseLora = (text: string): LoraOptions => {
  const [, path, weight] = /^(.+):([-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)$/i.exec(text) ?? []
  return path === undefined ? { path: text } : { path, weight: Number(weight) }
}
