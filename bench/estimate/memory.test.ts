import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { smallCore } from "@auteur/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { measure, predict, tolerance } from "./measure.ts"
import { estimatedShapes } from "./shapes.ts"
import { bundledModel, writeWideModel } from "./wide-model.ts"

const scratch = mkdtempSync(join(tmpdir(), "auteur-estimate-"))
beforeAll(() => writeWideModel(scratch))
afterAll(() => rmSync(scratch, { recursive: true }))

// The peak is read from /proc.
describe.runIf(process.platform === "linux")(
  "the memory that an estimate names is within a quarter of what is taken",
  () => {
    it.each(estimatedShapes(2))("by $title", async (shape) => {
      const model = shape.model === "wide" ? scratch : bundledModel
      const { peakBytes } = await predict(shape, model, smallCore)
      const { bytes } = await measure(shape, model)
      expect(peakBytes / bytes).toBeGreaterThan(1 - tolerance)
      expect(peakBytes / bytes).toBeLessThan(1 + tolerance)
    })
  },
)
