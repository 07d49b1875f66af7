import { type Video } from "auteur"
import { encodePng, toFrames } from "auteur/effect"
import type { Output } from "./output.ts"

/** How a terminal shows pictures: by one of two protocols, or as two coloured pixels a character. */
export type PictureProtocol = "kitty" | "iterm" | "blocks"

type Environment = Readonly<Record<string, string | undefined>>

/** The protocol of the terminal behind `output`; undefined where it is not a terminal, or not one that is known to show pictures. */
export const pictureProtocol = (env: Environment, output: Output): PictureProtocol | undefined => {
  if (!output.isTerminal) return undefined
  // Inside of a multiplexer neither protocol arrives at the terminal.
  const isDirect = env["TMUX"] === undefined && env["STY"] === undefined
  const program = env["TERM_PROGRAM"] ?? env["LC_TERMINAL"] ?? ""
  if (isDirect && (env["KITTY_WINDOW_ID"] !== undefined || /kitty|ghostty/.test(`${env["TERM"]} ${program}`))) {
    return "kitty"
  }
  if (isDirect && /^(iTerm\.app|iTerm2|WezTerm|mintty)$/.test(program)) return "iterm"
  return /^(truecolor|24bit)$/.test(env["COLORTERM"] ?? "") ? "blocks" : undefined
}

const columns = 32

/** The first frame of a video as text for the terminal. */
export const drawPicture = (video: Video, protocol: PictureProtocol, output: Output): string => {
  if (protocol === "blocks") return drawBlocks(video, Math.min(columns * 2, output.columns - 1))
  const png = Buffer.from(encodePng(toFrames(video)[0]!).bytes)
  const text = png.toString("base64")
  return protocol === "iterm"
    ? `\u001b]1337;File=inline=1;size=${png.length};width=${columns}:${text}\u0007`
    : kittyChunks(text)
}

// https://sw.kovidgoyal.net/kitty/graphics-protocol: at most 4096 characters at a time, all but the last with m=1.
const kittyChunks = (text: string): string => {
  const chunks = text.match(/.{1,4096}/gs) ?? []
  return chunks
    .map((chunk, i) => {
      const keys = i === 0 ? `a=T,f=100,q=2,c=${columns},` : ""
      return `\u001b_G${keys}m=${i < chunks.length - 1 ? 1 : 0};${chunk}\u001b\\`
    })
    .join("")
}

/** The upper pixel of a character is its foreground, the lower one its background. */
const drawBlocks = (video: Video, most: number): string => {
  const { width, height, data } = toFrames(video)[0]!
  const across = Math.min(width, most)
  const rows = Math.max(1, Math.round((height / width) * (across / 2)))
  const colour = (column: number, half: number) => {
    const x = Math.floor(((column + 0.5) / across) * width)
    const y = Math.floor(((half + 0.5) / (rows * 2)) * height)
    const at = (y * width + x) * 3
    return `${data[at]};${data[at + 1]};${data[at + 2]}`
  }
  return Array.from({ length: rows }, (_, row) => {
    const characters = Array.from(
      { length: across },
      (__, column) => `\u001b[38;2;${colour(column, row * 2)};48;2;${colour(column, row * 2 + 1)}m▀`,
    )
    return `${characters.join("")}\u001b[0m`
  }).join("\n")
}
