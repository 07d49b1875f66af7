/**
 * Compares the estimates of five shapes with their runs: predicted, measured and their ratio, of memory and time.
 * Exits with 1 where one is off by more than a quarter. Linux only.
 *
 *     npm run bench -- estimate
 */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { alignTable, formatMegabytes, formatRatio, formatSeconds } from "../format.ts"
import { isClose, measure, predict } from "./measure.ts"
import { estimatedShapes } from "./shapes.ts"
import { bundledModel, writeWideModel } from "./wide-model.ts"

/** The fastest run counts, as other programs share the machine. */
const runs = 3
const steps = 20

const head = ["what", "predicted MB", "measured MB", "ratio", "predicted s", "measured s", "ratio"]

export const estimateBench = async (): Promise<boolean> => {
  const scratch = mkdtempSync(join(tmpdir(), "auteur-bench-"))
  try {
    const wide = join(scratch, "wide")
    writeWideModel(wide)
    const rows: Array<ReadonlyArray<string>> = []
    let close = true
    for (const shape of estimatedShapes(steps)) {
      console.error(shape.title)
      const model = shape.model === "wide" ? wide : bundledModel
      const { peakBytes, seconds } = await predict(shape, model)
      const taken = []
      for (let i = 0; i < runs; i++) taken.push(await measure(shape, model))
      const bytes = Math.max(...taken.map((run) => run.bytes))
      const fastest = Math.min(...taken.map((run) => run.seconds))
      close &&= isClose(peakBytes, bytes) && isClose(seconds, fastest)
      rows.push([
        shape.title,
        formatMegabytes(peakBytes),
        formatMegabytes(bytes),
        formatRatio(peakBytes / bytes),
        formatSeconds(seconds),
        formatSeconds(fastest),
        formatRatio(seconds / fastest),
      ])
    }
    console.log(alignTable(head, rows, 1))
    return close
  } finally {
    rmSync(scratch, { recursive: true })
  }
}
