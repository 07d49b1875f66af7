import { existsSync } from "node:fs"
import { basename, dirname, extname, join } from "node:path"

/** A file name made of the prompt's first words; a number is added rather than overwriting a file that is there. */
export const outputName = (prompt: string, before = ""): string => {
  const words = prompt
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}]+/gu, "-")
    .replaceAll(/^-+|-+$/g, "")
  const base = before + ([...words].slice(0, 60).join("").replace(/-+$/, "") || "video")
  for (let n = 1; ; n++) {
    const name = n === 1 ? `${base}.mp4` : `${base}-${n}.mp4`
    if (!existsSync(name)) return name
  }
}

/** The name of video `index` of `total` made at once: `fox-07.mp4` for the output `fox.mp4`, otherwise `07-` and the prompt. */
export const numberedName = (output: string | undefined, prompt: string, index: number, total: number): string => {
  const number = String(index + 1).padStart(String(total).length, "0")
  if (output === undefined) return outputName(prompt, `${number}-`)
  if (/[/\\]$/.test(output)) return join(output, `${number}/`)
  const ending = extname(output)
  return join(dirname(output), `${basename(output, ending)}-${number}${ending}`)
}
