import { cos, sin, Tensor, type Video } from "@auteur/core"
import { type Factors, subjects } from "./factors.ts"
import { PythonRandom } from "./python-random.ts"
import { mirrored, pasteOver, type Raster } from "./raster.ts"
import { resized, transformed } from "./resample.ts"
import { drawScenery } from "./scenery.ts"
import { loadSprite, spriteSize } from "./sprite.ts"

const explosion = "1f4a5"

/** Where a sprite is at a moment: centre and size as parts of the picture's side, and its angle in degrees. */
interface Pose {
  readonly x: number
  readonly y: number
  readonly size: number
  readonly angle: number
  readonly sprite: string
  readonly flip: boolean
}

/** The subject's pose at a time t in 0…1, over a ground at that height. */
export const poseAt = (factors: Factors, t: number, ground: number): Pose => {
  const { size } = factors
  const pose: Pose = {
    x: 0.5 + factors.x,
    y: ground + 0.08 + factors.y - size * 0.2,
    size,
    angle: 0,
    sprite: subjects[factors.subject].sprite,
    flip: factors.flip,
  }
  switch (factors.motion) {
    case "right":
      return { ...pose, x: -0.02 + 1.04 * t + factors.x, flip: true }
    case "left":
      return { ...pose, x: 1.02 - 1.04 * t + factors.x, flip: false }
    case "up":
      return { ...pose, y: 0.95 - 0.85 * t + factors.y }
    case "down":
      return { ...pose, y: 0.05 + 0.8 * t * t + factors.y }
    case "near":
      return { ...pose, size: 0.14 + (0.95 - 0.14) * t ** 1.5, y: 0.42 + 0.12 * t + factors.y }
    case "far":
      return { ...pose, size: 0.85 - (0.85 - 0.12) * t ** 0.7, y: 0.55 - 0.12 * t + factors.y }
    case "bounce":
      return { ...pose, y: pose.y - 0.28 * Math.abs(sin(2 * Math.PI * t)) }
    case "spin":
      return { ...pose, angle: factors.spin * 360 * t }
    case "still":
      return pose
    case "explode": {
      if (t <= 0.45) return pose
      const k = (t - 0.45) / 0.55
      return { ...pose, sprite: explosion, size: size * (0.6 + 1.5 * Math.min(1, k * 1.6)), angle: 20 * k }
    }
  }
}

/** A clip and, for each pixel, how much of it is the subject. */
export interface Clip {
  /** (1, frames, size, size, 3) */
  readonly video: Video
  /** (1, frames, size, size, 1), 0…255 */
  readonly mask: Video
}

/** Draws a clip of so many frames of size × size pixels. */
export const renderClip = async (factors: Factors, frames = 17, size = 64): Promise<Clip> => {
  const { image: background, ground } = drawScenery(factors.scene, new PythonRandom(factors.seed), size)
  const pixels = size * size
  const video = new Uint8Array(frames * pixels * 3)
  const mask = new Uint8Array(frames * pixels)
  for (let i = 0; i < frames; i++) {
    const pose = poseAt(factors, frames === 1 ? 0.3 : i / (frames - 1), ground)
    const layer = placed(await loadSprite(pose.sprite), pose, size)
    const frame: Raster = { ...background, data: background.data.slice() }
    pasteOver(frame, layer)
    video.set(frame.data, i * pixels * 3)
    for (let p = 0; p < pixels; p++) mask[i * pixels + p] = layer.data[4 * p + 3]!
  }
  const axes = "batch frames height width channels"
  return {
    video: Tensor.from(axes, [1, frames, size, size, 3], video, "uint8"),
    mask: Tensor.from(axes, [1, frames, size, size, 1], mask, "uint8"),
  }
}

/** The sprite in its pose, on a transparent picture. */
const placed = (sprite: Raster, { x, y, size: part, angle, flip }: Pose, size: number): Raster => {
  const turned = flip ? mirrored(sprite) : sprite
  // The inverse map, from pixels of the picture to pixels of the sprite.
  const scale = spriteSize / (part * size)
  const radians = (angle * Math.PI) / 180
  // Reduced first where it gets much smaller, against aliasing.
  const n = scale > 1.5 ? Math.max(4, Math.round(spriteSize / scale)) : spriteSize
  const source = n === spriteSize ? turned : resized(turned, n)
  const c = (cos(radians) * scale * n) / spriteSize
  const s = (sin(radians) * scale * n) / spriteSize
  const [centreX, centreY] = [x * size, y * size]
  return transformed(source, size, [c, s, n / 2 - c * centreX - s * centreY, -s, c, n / 2 + s * centreX - c * centreY])
}
