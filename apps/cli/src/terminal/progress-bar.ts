import type { Output } from "./output.ts"

/** Goes back to the start of the line and empties it. */
export const clearLine = "\r\u001b[2K"

/** Draws how far something is over the line before: with a bar where there is room for one, and never wider than the terminal. */
export const drawProgress = (label: string, part: number, end: string, output: Output): void => {
  // A line that wraps could not be emptied again.
  const room = output.columns - 1
  const width = Math.min(room - label.length - end.length - 4, 40)
  const filled = Math.round(Math.min(part, 1) * width)
  const text =
    width >= 5
      ? `${label}  ${"█".repeat(filled)}${"░".repeat(width - filled)}  ${end}`
      : [`${label} ${end}`, end, `${Math.floor(part * 100)}%`].find(({ length }) => length <= room)
  output.draw(`${clearLine}${text ?? ""}`)
}
