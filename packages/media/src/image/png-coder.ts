import { MediaError } from "@auteur/core"
import type { Coder, CoderOptions } from "../coder.ts"
import { checkOptions, type FrameSpec } from "../frame-writer.ts"
import { METADATA_KEY, toAscii } from "../metadata.ts"
import { pngTexts, RATE_KEY } from "./png-chunks.ts"
import { toPng } from "./png.ts"

/** The texts that each picture keeps: the keyword that PNG has for the program that made it (specification §11.3.3.2). */
export const frameTexts: Readonly<Record<string, string>> = { Software: METADATA_KEY }

/** Whether PNG bytes say that they were written by this package. */
export const isOurs = (bytes: Uint8Array): boolean => pngTexts(bytes).get("Software") === METADATA_KEY

/** The texts that the first picture keeps. */
export const pictureTexts = ({ fps, note }: Partial<Pick<CoderOptions, "fps" | "note">>): typeof frameTexts => ({
  ...frameTexts,
  ...(fps === undefined ? {} : { [RATE_KEY]: String(fps) }),
  ...(note === undefined ? {} : { [METADATA_KEY]: toAscii(note) }),
})

const onePictureOnly = (): MediaError =>
  new MediaError({
    message:
      "A PNG file holds one picture, and this video has more: end the name in / for a folder of pictures, or in .mp4, .webp or .gif.",
  })

/**
 * Refuses settings that a PNG file cannot hold.
 *
 * @throws MediaError
 */
export const checkPng = (options: FrameSpec & { readonly frames?: number }): void => {
  checkOptions(options)
  if ((options.frames ?? 1) > 1) throw onePictureOnly()
}

/** Codes one frame into a PNG file. */
export const openPngCoder = async (options: CoderOptions): Promise<Coder> => {
  let bytes: Uint8Array | undefined
  return {
    add: (frame) => {
      if (bytes !== undefined) throw onePictureOnly()
      bytes = toPng(frame, pictureTexts(options))
    },
    finish: () => bytes!,
    dispose: () => undefined,
  }
}
