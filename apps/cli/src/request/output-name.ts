import { existsSync } from "node:fs"
import { basename, dirname, extname, join } from "node:path"

/** Some file systems hold names of at most 255 bytes; this leaves room for a number and endings. */
const mostBytes = 180
/** Windows keeps these for devices, with any ending. */
const reserved = /^(con|prn|aux|nul|com\d|lpt\d)$/

/** A file name made of the prompt's first words; a number is added where there is a file of that name. */
export const outputName = (prompt: string, before = ""): string => {
  const words = prompt
    .normalize("NFC")
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}]+/gu, "-")
    .replaceAll(/^[-\p{Mark}]+|-+$/gu, "")
  const short = firstCharacters(words, 60).replace(/-+$/, "")
  const base = before + (short === "" ? "video" : reserved.test(short) ? `${short}-video` : short)
  for (let n = 1; ; n++) {
    const name = n === 1 ? `${base}.mp4` : `${base}-${n}.mp4`
    if (!existsSync(name)) return name
  }
}

/** The first whole characters of a text, each with its marks. */
const firstCharacters = (text: string, most: number): string => {
  let first = ""
  const segments = [...new Intl.Segmenter().segment(text.slice(0, 1000))].slice(0, most)
  for (const { segment } of segments) {
    if (Buffer.byteLength(first + segment) > mostBytes) break
    first += segment
  }
  return first
}

/** The name of video `index` of `total` made at once: `fox-07.mp4` for the output `fox.mp4`, otherwise `07-` and the prompt. */
export const numberedName = (output: string | undefined, prompt: string, index: number, total: number): string => {
  const number = String(index + 1).padStart(String(total).length, "0")
  if (output === undefined) return outputName(prompt, `${number}-`)
  if (/[/\\]$/.test(output)) return join(output, `${number}/`)
  const ending = extname(output)
  return join(dirname(output), `${basename(output, ending)}-${number}${ending}`)
}
