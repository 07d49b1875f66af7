/** What a reporter needs of a stream such as `process.stderr`. */
export interface Output {
  readonly isTTY?: boolean
  readonly columns?: number
  readonly write: (text: string) => unknown
}

/** Goes back to the start of the line and empties it. */
export const clearLine = "\r\u001b[2K"

/** The width of a terminal; some say 0 when they do not know. */
export const columnsOf = ({ columns }: Output): number => columns || 80

/** One line that shows how far something is; it takes the place of the one before. */
export const progressLine = (label: string, part: number, end: string, output: Output): string => {
  const columns = columnsOf(output)
  const width = Math.max(Math.min(columns - label.length - end.length - 6, 40), 5)
  const filled = Math.round(Math.min(part, 1) * width)
  const line = `${label}  ${"█".repeat(filled)}${"░".repeat(width - filled)}  ${end}`
  // A line that wraps could not be emptied again.
  return `${clearLine}${line.slice(0, Math.max(columns - 1, 20))}`
}
