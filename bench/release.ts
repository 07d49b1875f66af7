import { alignTable, formatMegabytes, formatRatio, formatSeconds } from "./format.ts"
import type { Machine } from "./machine.ts"
import { type Results, sideName } from "./peers/results.ts"
import { minimum } from "./statistics.ts"

/** A figure that became larger by more than this is marked. */
const mark = 1.1

/** A figure of both, and how many times as long and as large it is now. */
export interface Change {
  readonly title: string
  readonly side: string
  readonly seconds: { readonly before: number; readonly now: number }
  readonly peakBytes: { readonly before: number | null; readonly now: number | null }
  readonly slower: boolean
  readonly larger: boolean
}

/** Compares figures with those of the last release, fastest run with fastest run; cases of only one of them are left out. */
export const compareWithRelease = (now: Results, then: Results): ReadonlyArray<Change> =>
  now.cases.flatMap(({ name, title, measurements }) =>
    measurements.flatMap((measurement) => {
      const { library, mode } = measurement
      const old = then.cases
        .find((each) => each.name === name)
        ?.measurements.find((each) => each.library === library && each.mode === mode)
      if (old === undefined || old.seconds.length === 0 || measurement.seconds.length === 0) return []
      const seconds = { before: minimum(old.seconds), now: minimum(measurement.seconds) }
      const peakBytes = { before: old.peakBytes, now: measurement.peakBytes }
      return [
        {
          title,
          side: sideName(measurement),
          seconds,
          peakBytes,
          slower: seconds.now > mark * seconds.before,
          larger: (peakBytes.now ?? 0) > mark * (peakBytes.before ?? Number.POSITIVE_INFINITY),
        },
      ]
    }),
  )

/** The figures of auteur's own side, by which releases are compared. */
export const ownFigures = (results: Results): Results => ({
  ...results,
  cases: results.cases.map((each) => ({
    ...each,
    measurements: each.measurements.filter(({ library }) => library === "auteur"),
  })),
})

export const changeTable = (changes: ReadonlyArray<Change>): string =>
  alignTable(
    ["what", "on", "then s", "now s", "time", "then MB", "now MB", ""],
    changes.map(({ title, side, seconds, peakBytes, slower, larger }) => [
      title,
      side,
      formatSeconds(seconds.before),
      formatSeconds(seconds.now),
      formatRatio(seconds.now / seconds.before),
      formatMegabytes(peakBytes.before),
      formatMegabytes(peakBytes.now),
      [slower ? "slower" : "", larger ? "more memory" : ""].filter((word) => word !== "").join(", "),
    ]),
    2,
  )

/** The reason why figures of two machines cannot be compared; undefined where they are of one kind. */
export const otherMachine = (now: Machine, then: Machine): string | undefined => {
  const kind = ({ processor, instructions, cores }: Machine) => `${processor}, ${cores} cores, ${instructions}`
  return kind(now) === kind(then)
    ? undefined
    : `The release was measured on another machine (${kind(then)}; this is ${kind(now)}): the ratios compare machines, not the code.`
}
