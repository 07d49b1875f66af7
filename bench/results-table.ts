import { alignTable, formatMegabytes, formatRatio, formatSeconds } from "./format.ts"
import { type CaseResult, type Measurement, type Results, sideName } from "./peers/results.ts"
import { median, minimum } from "./statistics.ts"

/** Speed and memory as multiples of those of PyTorch in float32. */
export const ratiosOf = (
  measurement: Measurement,
  { measurements }: CaseResult,
): { readonly speed: number | null; readonly memory: number | null } => {
  const base = measurements.find(({ library, mode }) => library === "pytorch" && mode === "float32")
  if (base === undefined || base.seconds.length === 0 || measurement.seconds.length === 0) {
    return { speed: null, memory: null }
  }
  const peaks = [measurement.peakBytes, base.peakBytes]
  return {
    speed: median(base.seconds) / median(measurement.seconds),
    memory: peaks.includes(null) ? null : peaks[0]! / peaks[1]!,
  }
}

export const resultHead: ReadonlyArray<string> = [
  "what",
  "on",
  "median s",
  "min s",
  "runs",
  "peak MB",
  "speed",
  "memory",
  "error",
]

/** One row for each side of each case; speed and memory are against PyTorch in float32, the error is of the largest value. */
export const resultRows = ({ cases, limitSeconds }: Results): ReadonlyArray<ReadonlyArray<string>> =>
  cases.flatMap((each) =>
    each.measurements.map((measurement, i) => {
      const { speed, memory } = ratiosOf(measurement, each)
      const { seconds, peakBytes, error } = measurement
      return [
        i === 0 ? each.title : "",
        sideName(measurement),
        seconds.length === 0 ? `> ${limitSeconds}` : formatSeconds(median(seconds)),
        seconds.length === 0 ? "–" : formatSeconds(minimum(seconds)),
        String(seconds.length),
        formatMegabytes(peakBytes),
        formatRatio(speed),
        formatRatio(memory),
        error === null ? "" : error.relative.toExponential(0),
      ]
    }),
  )

export const resultTable = (results: Results): string => alignTable(resultHead, resultRows(results), 2)
