import { cos as cosine, exp, log, roundHalfEven, sin as sine } from "@auteur/core"
import { type GraphBuilder, int, type Value } from "@auteur/engine"
import type { TransformerConfig } from "./config.ts"
import { gridOf, type Grid, sampleSize } from "./grid.ts"

/**
 * cos(pω) and sin(pω) of each video token, a column for each pair of channels. (tokens, d/2)
 *
 * A head's d channels are [time d/4 | height 3d/8 | width 3d/8], and pair j of an axis with n channels has ω_j = 10000^(−2j/n).
 */
export const rotaryTables = (
  config: TransformerConfig,
  grid: Grid,
): { readonly cos: Float32Array; readonly sin: Float32Array } => {
  const pairs = config.attention_head_dim / 2
  const [time, side] = [pairs / 4, (3 * pairs) / 8]
  const { t, h, w } = positions(config, grid)
  const size = grid.frames * grid.height * grid.width * pairs
  const [cos, sin] = [new Float32Array(size), new Float32Array(size)]
  const logBase = log(10000)
  let at = 0
  const write = (position: number, count: number): void => {
    for (let j = 0; j < count; j++, at++) {
      const angle = position * exp((-j / count) * logBase)
      cos[at] = cosine(angle)
      sin[at] = sine(angle)
    }
  }
  for (const p of t) {
    for (const q of h) {
      for (const r of w) {
        write(p, time)
        write(q, side)
        write(r, side)
      }
    }
  }
  return { cos, sin }
}

/** Positions along each axis: whole numbers in 1.5, at any size; in 1.0 the grid is scaled to fit inside the sample's. */
const positions = (config: TransformerConfig, grid: Grid) => {
  const count = (length: number) => Array.from({ length }, (_, i) => i)
  const t = count(grid.frames)
  if (config.patch_size_t !== null) return { t, h: count(grid.height), w: count(grid.width) }
  const { height, width } = gridOf(config, sampleSize(config))
  const isTall = grid.height / grid.width > height / width
  const fitted = isTall
    ? { height, width: roundHalfEven((height / grid.height) * grid.width) }
    : { height: roundHalfEven((width / grid.width) * grid.height), width }
  const top = roundHalfEven((height - fitted.height) / 2)
  const left = roundHalfEven((width - fitted.width) / 2)
  return {
    t,
    h: spread(top, top + fitted.height, grid.height),
    w: spread(left, left + fitted.width, grid.width),
  }
}

/** `length` even steps from `start` to end · (length − 1) / length, as the reference has them for any `start`. */
const spread = (start: number, end: number, length: number): ReadonlyArray<number> => {
  const last = (end * (length - 1)) / length
  return Array.from({ length }, (_, i) => (length === 1 ? start : start + ((last - start) * i) / (length - 1)))
}

/** Rotates the channel pairs of each token; one for a graph, used by every block. */
export type Rotation = (x: Value) => Value

/**
 * The rotation of [text; video] tokens (arXiv 2104.09864). Text is not rotated: its rows of the tables are cos 0 and sin 0.
 * (B, N, H · d) → (B, N, H · d)
 */
export const rotaryEmbedding = (
  graph: GraphBuilder,
  config: TransformerConfig,
  grid: Grid,
  textTokens: number,
): Rotation => {
  const pairs = config.attention_head_dim / 2
  const { cos, sin } = rotaryTables(config, grid)
  const shape = [textTokens + cos.length / pairs, pairs]
  const table = (video: Float32Array, text: number): Value => {
    const data = new Float32Array(textTokens * pairs + video.length).fill(text, 0, textTokens * pairs)
    data.set(video, textTokens * pairs)
    return graph.constant(data, shape)
  }
  const [cosTable, sinTable] = [table(cos, 1), table(sin, 0)]
  const first = graph.integers([0])
  return (x) =>
    graph.apply("RotaryEmbedding", [x, first, cosTable, sinTable], x.shape, {
      domain: "com.microsoft",
      attributes: { interleaved: int(1) },
    })
}
