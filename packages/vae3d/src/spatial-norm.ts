import { concat, convolution, int, type Value, type WeightScope } from "@auteur/engine"
import { normalize } from "./group-norm.ts"
import { frameCount, mapSegments, type Segments, wholeShape } from "./segments.ts"

/** The ε of all norms of the decoder, whatever the config says. */
const epsilon = 1e-6

/**
 * Group norm whose scale and shift come from the latents: GN(f) ⊙ conv_y(ζ) + conv_b(ζ), with ζ enlarged to f by nearest neighbours.
 *
 * A 1×1×1 convolution and an enlargement commute, and so do an affine map and a 1×1×1 convolution: with GN(f) = n ⊙ w + β this is
 * n ⊙ P + Q for one convolution (P, Q) of a ζ that is enlarged along time and width only; broadcasting covers the height.
 * f: (1, C, T, H, W), ζ: (1, Z, t, h, w) → (1, C, T, H, W)
 */
export const spatialNorm = (f: Segments, zeta: Value, weights: WeightScope, groups: number): Segments => {
  const [, channels, frames, height, width] = wholeShape(f)
  const [, depth, t, rows] = zeta.shape as [number, number, number, number]
  const vector = (name: string, shape: ReadonlyArray<number>) => weights.tensor(name, [channels]).reshape(shape)
  const kernel = (name: string) => weights.tensor(`${name}.conv.weight`, [channels, depth, 1, 1, 1])
  const [w, beta] = [vector("norm_layer.weight", [channels, 1]), vector("norm_layer.bias", [channels, 1])]
  const [yw, bw] = [kernel("conv_y"), kernel("conv_b")].map((k) => k.reshape([channels, depth])) as [Value, Value]
  const [yb, bb] = [vector("conv_y.conv.bias", [channels, 1]), vector("conv_b.conv.bias", [channels, 1])]
  // All of this depends on weights alone, and is computed once, when the session is made.
  const both = concat([yw.multiply(w), yw.multiply(beta).add(bw)], 0).reshape([2 * channels, depth, 1, 1, 1])
  const bias = concat([yb.multiply(w), yb.multiply(beta).add(bb)], 0).reshape([2 * channels])
  const { affine } = normalize(f, groups, epsilon)
  /** P and Q where f's frames are nearest to these of ζ. (C, T, h, 1, W) each */
  const scaleAndShift = (nearest: ReadonlyArray<number>): readonly [Value, Value] => {
    const cells = [channels, nearest.length, rows, 1, width]
    const [p, q] = convolution(repeatFrames(widen(zeta, width), nearest), both, bias).split(1, [channels, channels])
    return [p!.reshape(cells), q!.reshape(cells)]
  }
  const known = new Map<string, readonly [Value, Value]>()
  const nearest = nearestFrames(t, frames)
  return mapSegments(f, (segment, index) => {
    const start = frameCount(f.slice(0, index))
    const at = nearest.slice(start, start + segment.length(2))
    const [p, q] = known.get(at.join()) ?? scaleAndShift(at)
    known.set(at.join(), [p, q])
    const cells = [channels, at.length, rows, height / rows, width]
    return affine(segment, cells, p, q).reshape(segment.shape)
  })
}

/** ζ by nearest neighbours along width. (1, Z, t, h, w) → (1, Z, t, h, W) */
const widen = (zeta: Value, width: number): Value => {
  const [, depth, t, h, w] = zeta.shape as [number, number, number, number, number]
  if (width === w) return zeta
  return zeta
    .reshape([depth, t, h, w, 1])
    .expand([depth, t, h, w, width / w])
    .reshape([1, depth, t, h, width])
}

/** Which of `t` frames each of `frames` is nearest to; with an odd number above one, the first frame stands for itself. */
export const nearestFrames = (t: number, frames: number): ReadonlyArray<number> => {
  const alone = frames > 1 && frames % 2 === 1 ? 1 : 0
  const nearest = (i: number) => alone + Math.floor(((i - alone) * (t - alone)) / (frames - alone))
  return Array.from({ length: frames }, (_, i) => (i < alone ? 0 : nearest(i)))
}

/** The frames of x with these indices, in this order. */
export const repeatFrames = (x: Value, indices: ReadonlyArray<number>): Value =>
  indices.length === x.length(2) && indices.every((index, i) => index === i)
    ? x
    : x.graph.apply("Gather", [x, x.graph.integers(indices)], x.shape.with(2, indices.length), {
        attributes: { axis: int(2) },
      })
