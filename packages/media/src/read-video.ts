import { stat } from "node:fs/promises"
import {
  MediaError,
  type MediaSource,
  type ReadVideoOptions,
  Tensor,
  type VideoFile,
  type VideoMetadata,
} from "@auteur/core"
import { openGif } from "./gif/read-gif.ts"
import { imageKind } from "./image/image-kind.ts"
import { openFolder } from "./image/read-folder.ts"
import { openJpeg } from "./image/jpeg.ts"
import { openPng } from "./image/png.ts"
import { resizeImage } from "./image/resize-image.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"
import { explainReadFailure, nameOf, type OpenedSource, openSource, pathOf } from "./media-source.ts"
import { fromJson } from "./metadata.ts"
import type { OpenedVideo } from "./opened-video.ts"
import { requireMemory } from "./require-memory.ts"
import { openWebp } from "./webp/read-webp.ts"

const HEAD = 64 // bytes that tell what a file is

const openKind = async (source: OpenedSource, wanted: number): Promise<OpenedVideo> => {
  const head = await source.readAt(0, HEAD)
  if (head.length === 0) throw new MediaError({ message: "This file is empty." })
  const kind = imageKind(head)
  switch (kind) {
    case "GIF":
      return openGif(await source.readAll())
    case "WebP":
      return openWebp(await source.readAll())
    case "PNG":
      return openPng(await source.readAll())
    case "JPEG":
      return openJpeg(await source.readAll())
    case undefined:
    case "MP4 or MOV video":
    case "WebM or Matroska video": {
      // Loaded only when it is needed: it knows many containers.
      const { openContainer } = await import("./container/read-container.ts")
      return openContainer(source, wanted)
    }
    default:
      throw new MediaError({ message: `This is ${kind}, which is not a video: name an MP4, WebM, GIF or WebP file.` })
  }
}

const using = async <A>(
  source: MediaSource,
  wanted: number,
  read: (video: OpenedVideo) => A | Promise<A>,
): Promise<A> => {
  let opened: OpenedSource | undefined
  let video: OpenedVideo | undefined
  try {
    const path = pathOf(source)
    if (path !== undefined && (await stat(path)).isDirectory()) {
      video = await openFolder(path)
    } else {
      opened = await openSource(source, "The video")
      video = await openKind(opened, wanted)
    }
    return await read(video)
  } catch (cause) {
    throw new MediaError({ message: `${nameOf(source, "The video")} cannot be read. ${explainReadFailure(cause)}` })
  } finally {
    video?.close?.()
    await opened?.close()
  }
}

const readFrames = async (
  { frames }: OpenedVideo,
  { maxFrames = Infinity, size }: ReadVideoOptions,
): Promise<ReadonlyArray<RgbFrame>> => {
  if (maxFrames !== Infinity && (!Number.isInteger(maxFrames) || maxFrames < 1)) {
    throw new MediaError({ message: `The maxFrames is ${maxFrames}; it must be an integer of at least 1.` })
  }
  const read: Array<RgbFrame> = []
  let last: { readonly decoded: RgbFrame; readonly frame: RgbFrame } | undefined
  for await (const decoded of frames()) {
    const { width, height } = size ?? decoded
    requireMemory((read.length + 1) * width * height * 3, "This video", "give a lower maxFrames or a smaller size")
    // A frame that is repeated is resized once.
    const frame = last?.decoded === decoded ? last.frame : resizeImage(decoded, width, height)
    last = { decoded, frame }
    const first = read[0] ?? frame
    if (frame.width !== first.width || frame.height !== first.height) {
      throw new MediaError({
        message: `Frame ${read.length + 1} is ${frame.width}×${frame.height}, and the first is ${first.width}×${first.height}: give the size that all are to be resized to.`,
      })
    }
    read.push(frame)
    if (read.length >= maxFrames) break
  }
  if (read.length === 0)
    throw new MediaError({ message: "It has no frames, or is cut off: save or download it again." })
  return read
}

/**
 * Reads a video: MP4, MOV, WebM, Matroska, animated WebP, GIF or PNG, a picture, or a folder of pictures, whatever its name
 * ends in; from a path, a URL or bytes.
 *
 * Without more packages, H.264 is read in its Baseline profile, which is what this package writes; other codecs need
 * `@mediabunny/server`, and the error names it. The frames are at equal times, upright, before black where they are
 * transparent, in the colours of SDR, and resized to `size` when it is given; `notices` tells what was changed for that.
 *
 * @throws MediaError that names the file, the problem and the fix
 */
export const readVideo = (source: MediaSource, options: ReadVideoOptions = {}): Promise<VideoFile> =>
  using(source, options.maxFrames ?? Infinity, async (opened) => {
    const frames = await readFrames(opened, options)
    const { width, height, data } = frames[0]!
    const bytes = new Uint8Array(frames.length * data.length)
    for (const [i, frame] of frames.entries()) bytes.set(frame.data, i * data.length)
    const shape = [1, frames.length, height, width, 3] as const
    const video = Tensor.from("batch frames height width channels", shape, bytes, "uint8")
    return { video, fps: opened.fps, metadata: ignoringDamage(opened.note), notices: [...opened.notices] }
  })

// Frames are worth reading whatever another program has made of the metadata; readMetadata tells of it.
const ignoringDamage = (note: string | undefined): VideoMetadata => {
  try {
    return fromJson(note)
  } catch {
    return {}
  }
}

/**
 * Reads the texts that a video carries, without decoding its frames; none when it carries none.
 *
 * @throws MediaError when the file cannot be read, or when the texts are damaged
 */
export const readMetadata = (source: MediaSource): Promise<VideoMetadata> =>
  using(source, 1, ({ note }) => fromJson(note))
