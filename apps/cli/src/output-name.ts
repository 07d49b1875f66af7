import { existsSync } from "node:fs"

/** A file name made of the prompt's first words; a number is added rather than overwriting a file that is there. */
export const outputName = (prompt: string): string => {
  const words = prompt
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Number}]+/gu, "-")
    .replaceAll(/^-+|-+$/g, "")
  const base = [...words].slice(0, 60).join("").replace(/-+$/, "") || "video"
  for (let n = 1; ; n++) {
    const name = n === 1 ? `${base}.mp4` : `${base}-${n}.mp4`
    if (!existsSync(name)) return name
  }
}
