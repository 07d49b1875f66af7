import type { VideoKind, VideoSpec } from "@auteur/core"
import type { Coder, CoderOptions } from "./coder.ts"
import { checkOptions } from "./frame-writer.ts"
import { checkGif, openGifCoder } from "./gif/gif-coder.ts"
import { checkPng, openPngCoder } from "./image/png-coder.ts"
import { checkMp4, openMp4Coder } from "./mp4/mp4-coder.ts"
import { openWebpCoder } from "./webp/webp-coder.ts"

interface Format {
  readonly mediaType: string
  /** Refuses settings that the file cannot hold. */
  readonly check: (plan: VideoSpec) => void
  readonly open: (options: CoderOptions) => Promise<Coder>
}

/** The files that are written, by the ending of their names. */
export const formats: Readonly<Record<VideoKind, Format>> = {
  mp4: { mediaType: "video/mp4", check: checkMp4, open: openMp4Coder },
  webp: { mediaType: "image/webp", check: checkOptions, open: openWebpCoder },
  gif: { mediaType: "image/gif", check: checkGif, open: openGifCoder },
  png: { mediaType: "image/png", check: checkPng, open: openPngCoder },
}
