import { formatRatio, formatSeconds, markdownTable } from "./format.ts"
import type { CaseResult, Measurement, Results } from "./peers/results.ts"
import { ratiosOf, resultHead, resultRows } from "./results-table.ts"
import { median } from "./statistics.ts"

/** The README's table: auteur in float32 against PyTorch in float32 and in whichever of its modes is the fastest. */
export const shortReport = (results: Results): string => {
  const rows = results.cases.flatMap((each) => {
    const ours = find(each, "auteur")
    const theirs = find(each, "pytorch")
    if (ours === undefined || theirs === undefined) return []
    const { speed, memory } = ratiosOf(ours, each)
    return [
      [
        each.title,
        seconds(theirs, results),
        seconds(ours, results),
        formatRatio(speed),
        formatRatio(memory),
        formatRatio(againstFastest(ours, each)),
      ],
    ]
  })
  const head = ["", "PyTorch", "auteur", "times as fast", "of the memory", "to PyTorch's bfloat16"]
  return `${markdownTable(head, rows, 1)}\n\n${origin(results)}`
}

/** The table of docs/performance.md: every side of every case. */
export const fullReport = (results: Results): string =>
  `${origin(results)}\n\n${markdownTable(resultHead, resultRows(results), 2)}`

const find = ({ measurements }: CaseResult, library: Measurement["library"]) =>
  measurements.find((each) => each.library === library && each.mode === "float32")

const seconds = ({ seconds }: Measurement, { limitSeconds }: Results): string =>
  seconds.length === 0 ? `> ${limitSeconds} s` : `${formatSeconds(median(seconds))} s`

/** Against the faster of PyTorch's two ways to use bfloat16. */
const againstFastest = (ours: Measurement, { measurements }: CaseResult): number | null => {
  const others = measurements.filter(
    ({ library, mode, seconds }) => library === "pytorch" && mode !== "float32" && seconds.length > 0,
  )
  if (others.length === 0 || ours.seconds.length === 0) return null
  return Math.min(...others.map(({ seconds }) => median(seconds))) / median(ours.seconds)
}

const origin = ({ date, commit, machine, peers, warning }: Results): string => {
  const { processor, instructions, cores, memoryGigabytes, system, node } = machine
  const against = ["torch", "diffusers"].flatMap((name) => (peers[name] === undefined ? [] : `${name} ${peers[name]}`))
  return [
    `Medians on ${processor} (${instructions}), ${cores} cores, ${memoryGigabytes} GB, ${system}; Node ${node.slice(1)}`,
    `against ${against.join(" and ")}; ${date.slice(0, 10)}, commit ${commit}.`,
    ...(warning === null ? [] : [`**${warning}**`]),
  ].join(" ")
}
