import type { GenerateRequest } from "@auteur/core"
import type { EngineOptions } from "@auteur/engine"

/** A request that is estimated and then measured. */
export interface EstimatedShape {
  readonly title: string
  readonly model: "bundled" | "wide"
  readonly options: EngineOptions
  readonly request: GenerateRequest
}

const prompt = { prompt: "a fox runs to the right on the ice", seed: 1, guidanceScale: 6 }

/** Five shapes that spend their memory and time on different work. */
export const estimatedShapes = (steps: number): ReadonlyArray<EstimatedShape> => {
  const bundled = (title: string, size: Partial<GenerateRequest>): EstimatedShape => ({
    title: `emoji-world, ${title}`,
    model: "bundled",
    options: {},
    request: { ...prompt, steps, ...size },
  })
  const wide = (memory: "fold" | "map"): EstimatedShape => ({
    title: `2b's width, weights ${memory === "fold" ? "folded" : "mapped"}`,
    model: "wide",
    options: { memory },
    request: { ...prompt, steps: Math.ceil(steps / 4), frames: 8, height: 48, width: 64 },
  })
  return [
    bundled("17 frames of 64×64", {}),
    bundled("49 frames of 64×64", { frames: 49 }),
    bundled("17 frames of 128×128", { height: 128, width: 128 }),
    wide("fold"),
    wide("map"),
  ]
}
