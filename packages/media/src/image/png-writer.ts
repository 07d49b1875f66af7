import { MediaError } from "@auteur/core"
import {
  checkOptions,
  type Coder,
  type CoderOptions,
  type FramePlan,
  type FrameWriter,
  type FrameWriterOptions,
  frameWriter,
} from "../frame-writer.ts"
import { METADATA_KEY, toAscii } from "../metadata.ts"
import { encodePng } from "./png.ts"

/** The keyword under which the first picture of a folder keeps the frame rate. */
export const RATE_KEY = "fps"

/** The texts that the first picture keeps. */
export const pictureTexts = ({ fps, note }: Pick<CoderOptions, "fps" | "note">): Readonly<Record<string, string>> => ({
  [RATE_KEY]: String(fps),
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
export const checkPng = (options: FramePlan & { readonly frames?: number }): void => {
  checkOptions(options)
  if ((options.frames ?? 1) > 1) throw onePictureOnly()
}

const openPngCoder = async (options: CoderOptions): Promise<Coder> => {
  let bytes: Uint8Array | undefined
  return {
    add: (frame) => {
      if (bytes !== undefined) throw onePictureOnly()
      bytes = encodePng(frame, pictureTexts(options))
    },
    finish: () => bytes!,
    dispose: () => undefined,
  }
}

/**
 * Opens a PNG file that takes one frame.
 *
 * @throws MediaError as `mp4Writer` does; `write` rejects with it for a second frame
 */
export const pngWriter = (options: FrameWriterOptions): FrameWriter => {
  checkPng(options)
  return frameWriter(options, openPngCoder)
}
