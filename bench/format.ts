/** Three digits: `0.0123 s`, `4.56 s`, `78.9 s`. */
export const formatSeconds = (seconds: number): string =>
  seconds >= 100 ? seconds.toFixed(0) : seconds >= 0.001 ? seconds.toPrecision(3) : seconds.toFixed(6)

export const formatMegabytes = (bytes: number | null): string => (bytes === null ? "–" : (bytes / 1e6).toFixed(0))

/** A multiple, such as `1.25×`. */
export const formatRatio = (ratio: number | null): string =>
  ratio === null ? "–" : `${ratio.toFixed(ratio >= 10 ? 1 : 2)}×`

/** Rows of cells below their heads, columns aligned; the first `left` columns to the left. */
export const alignTable = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  left: number,
): string => {
  const widths = head.map((cell, column) => Math.max(cell.length, ...rows.map((row) => row[column]!.length)))
  const line = (row: ReadonlyArray<string>) =>
    row
      .map((cell, column) => (column < left ? cell.padEnd(widths[column]!) : cell.padStart(widths[column]!)))
      .join("  ")
      .trimEnd()
  return [line(head), widths.map((width) => "─".repeat(width)).join("  "), ...rows.map(line)].join("\n")
}

export const markdownTable = (
  head: ReadonlyArray<string>,
  rows: ReadonlyArray<ReadonlyArray<string>>,
  left: number,
): string => {
  const line = (cells: ReadonlyArray<string>) => `| ${cells.join(" | ")} |`
  return [
    line(head),
    `|${head.map((_, column) => (column < left ? "---" : "---:")).join("|")}|`,
    ...rows.map(line),
  ].join("\n")
}
