import { BenchError } from "./bench-error.ts"

const [begin, end] = ["<!-- bench:begin -->", "<!-- bench:end -->"]

/** A document with new content between its two marks; a {@link BenchError} when it does not have each of them once, in order. */
export const fillMarkedPlace = (document: string, content: string, path: string): string => {
  const [before, rest, ...more] = document.split(begin)
  const [, after, ...others] = rest?.split(end) ?? []
  if (after === undefined || more.length + others.length > 0) {
    throw new BenchError(`${path} has no single place for the figures: put "${begin}" and "${end}" where they belong.`)
  }
  return `${before}${begin}\n\n${content.trim()}\n\n${end}${after}`
}
