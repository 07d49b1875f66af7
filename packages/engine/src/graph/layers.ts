import { float, int, ints } from "./attribute.ts"
import type { Value } from "./value.ts"
import type { WeightScope } from "./weight-scope.ts"

/**
 * y = x Wᵀ + b, with W of shape [out, in] as PyTorch stores it, and what LoRA files add to it (arXiv 2106.09685): W itself stays as it
 * is, in the file. (…, in) → (…, out)
 */
export const linear = (x: Value, weights: WeightScope, features: number, options: { bias?: boolean } = {}): Value => {
  const inner = x.length(-1)
  const w = weights.tensor("weight", [features, inner])
  const b = (options.bias ?? true) ? weights.tensor("bias", [features]) : undefined
  const rows = x.size / inner
  const flat = x.rank === 2 ? x : x.reshape([rows, inner])
  let y = x.graph.apply("Gemm", [flat, w, b], [rows, features], { attributes: { transB: int(1) } })
  for (const { rank, scale, down, up, alpha } of weights.adapters(features, inner)) {
    const narrow = x.graph.apply("Gemm", [flat, down], [rows, rank], { attributes: { transB: int(1) } })
    const scaled = alpha === undefined ? narrow : narrow.multiply(alpha)
    y = x.graph.apply("Gemm", [scaled, up, y], [rows, features], {
      attributes: { transB: int(1), alpha: float(scale) },
    })
  }
  return x.rank === 2 ? y : y.reshape([...x.shape.slice(0, -1), features])
}

/** Normalizes the last axis to mean 0 and variance 1, then scales and shifts it. */
export const layerNorm = (x: Value, scale: Value, shift: Value, epsilon: number): Value =>
  x.graph.apply("LayerNormalization", [x, scale, shift], x.shape, {
    attributes: { axis: int(-1), epsilon: float(epsilon) },
  })

/** Normalizes groups of channels together with all positions, without an affine part. (B, C, …) → (B, C, …) */
export const groupNorm = (x: Value, groups: number, epsilon: number): Value => {
  const { graph } = x
  const [batch, channels] = [x.length(0), x.length(1)]
  const grouped = x.reshape([batch, groups, x.size / batch / groups])
  const ones = graph.constant(new Float32Array(groups).fill(1), [groups])
  const zeros = graph.constant(new Float32Array(groups), [groups])
  if (channels % groups !== 0) throw new RangeError(`groupNorm of ${channels} channels in ${groups} groups`)
  return graph
    .apply("InstanceNormalization", [grouped, ones, zeros], grouped.shape, { attributes: { epsilon: float(epsilon) } })
    .reshape(x.shape)
}

/** Convolution over any number of spatial axes; no padding unless given as [starts…, ends…]. (B, C, …) → (B, O, …) */
export const convolution = (
  x: Value,
  weight: Value,
  bias: Value | undefined,
  options: { strides?: ReadonlyArray<number>; pads?: ReadonlyArray<number> } = {},
): Value => {
  const kernel = weight.shape.slice(2)
  const strides = options.strides ?? kernel.map(() => 1)
  const pads = options.pads ?? kernel.flatMap(() => [0, 0])
  const spatial = kernel.map(
    (k, i) => Math.floor((x.length(i + 2) + pads[i]! + pads[i + kernel.length]! - k) / strides[i]!) + 1,
  )
  if (weight.length(1) !== x.length(1)) {
    throw new RangeError(`convolution of ${x.length(1)} channels with a kernel for ${weight.length(1)}`)
  }
  return x.graph.apply("Conv", [x, weight, bias], [x.length(0), weight.length(0), ...spatial], {
    attributes: { kernel_shape: ints(kernel), strides: ints(strides), pads: ints(pads) },
  })
}

/**
 * softmax(q kᵀ · scale + bias) v by a fused operator that works through the keys in tiles: the N×M matrix never exists, unless
 * there is a bias, which makes the runtime hold it for all heads.
 * q: (B, N, heads · d), k and v: (B, M, heads · d) → (B, N, heads · d); bias: (1 or B, 1 or heads, N, M).
 */
export const attention = (
  q: Value,
  k: Value,
  v: Value,
  heads: number,
  options: { scale?: number; bias?: Value } = {},
): Value => {
  if (k.length(1) !== v.length(1) || q.length(2) !== k.length(2) || q.length(2) % heads !== 0) {
    throw new RangeError(`attention of ${heads} heads over [${q.shape}], [${k.shape}] and [${v.shape}]`)
  }
  return q.graph.apply("MultiHeadAttention", [q, k, v, undefined, undefined, options.bias], q.shape, {
    domain: "com.microsoft",
    attributes: {
      num_heads: int(heads),
      ...(options.scale === undefined ? {} : { scale: float(options.scale) }),
    },
  })
}

/** Zeros before and after each axis: [starts…, ends…]. */
export const pad = (x: Value, pads: ReadonlyArray<number>): Value =>
  x.graph.apply(
    "Pad",
    [x, x.graph.integers(pads)],
    x.shape.map((length, axis) => length + pads[axis]! + pads[axis + x.rank]!),
  )
