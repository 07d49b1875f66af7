import { open, readFile, stat } from "node:fs/promises"
import { MediaError, type ReadVideoOptions, Tensor, type VideoFile, type VideoMetadata } from "@auteur/core"
import { imageKind } from "./image/image-kind.ts"
import { fromJson } from "./metadata.ts"
import type { OpenedVideo } from "./opened-video.ts"
import { openFolder, openPicture } from "./image/read-folder.ts"
import { openGif } from "./gif/read-gif.ts"
import { openWebp } from "./webp/read-webp.ts"
import { requireMemory } from "./require-memory.ts"
import { resizeImage } from "./image/resize-image.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"

const HEAD = 64 // bytes that tell what a file is

const readHead = async (path: string): Promise<Uint8Array> => {
  const file = await open(path)
  try {
    const { bytesRead, buffer } = await file.read(new Uint8Array(HEAD), 0, HEAD, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await file.close()
  }
}

const wholeFile = async (path: string): Promise<Uint8Array> => {
  requireMemory((await stat(path)).size, "This image", "make it smaller first")
  return readFile(path)
}

const openKind = async (source: string | Uint8Array): Promise<OpenedVideo> => {
  if (typeof source === "string") {
    const present = await stat(source)
    if (present.isDirectory()) return openFolder(source)
    // A device or a pipe may never end, and is read in one direction only.
    if (!present.isFile()) throw new MediaError({ message: "It is no file: save the video to one first." })
  }
  const head = typeof source === "string" ? await readHead(source) : source.subarray(0, HEAD)
  if (head.length === 0) throw new MediaError({ message: "This file is empty." })
  const bytes = (): Promise<Uint8Array> => (typeof source === "string" ? wholeFile(source) : Promise.resolve(source))
  const kind = imageKind(head)
  switch (kind) {
    case "GIF":
      return openGif(await bytes())
    case "WebP":
      return openWebp(await bytes())
    case "PNG":
    case "JPEG":
      return openPicture(await bytes())
    case undefined:
    case "MP4 or MOV video":
    case "WebM or Matroska video": {
      // Loaded only when it is needed: it knows many containers.
      const { openContainer } = await import("./container/read-container.ts")
      return openContainer(source)
    }
    default:
      throw new MediaError({ message: `This is ${kind}, which is no video: name an MP4, WebM, GIF or WebP file.` })
  }
}

const explain = (cause: unknown): string => {
  if (cause instanceof MediaError) return cause.message
  switch (cause instanceof Error && "code" in cause ? cause.code : undefined) {
    case "ENOENT":
    case "ENOTDIR":
      return "There is no such file: check the path."
    case "EACCES":
    case "EPERM":
      return "Reading is not permitted: change its permissions."
    default:
      return `It is damaged or cut off (${cause instanceof Error ? cause.message : String(cause)}): save or download it again.`
  }
}

const using = async <A>(source: string | Uint8Array, read: (video: OpenedVideo) => A | Promise<A>): Promise<A> => {
  let video: OpenedVideo | undefined
  try {
    video = await openKind(source)
    return await read(video)
  } catch (cause) {
    const name = typeof source === "string" ? source : "The video"
    throw new MediaError({ message: `${name} cannot be read. ${explain(cause)}` })
  } finally {
    video?.close?.()
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
  for await (const decoded of frames()) {
    const { width, height } = size ?? decoded
    requireMemory((read.length + 1) * width * height * 3, "This video", "give a lower maxFrames or a smaller size")
    const frame = resizeImage(decoded, width, height)
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
 * Reads a video: MP4, MOV, WebM, animated WebP, GIF, a picture, or a folder of pictures, whatever its name ends in.
 *
 * Without more packages, MP4 is read in H.264's Baseline profile, which is what this package writes; other codecs need
 * `@mediabunny/server`, and the error names it. The frames are upright, resized to `size` when it is given.
 *
 * @throws MediaError that names the file, the problem and the mend
 */
export const readVideo = (source: string | Uint8Array, options: ReadVideoOptions = {}): Promise<VideoFile> =>
  using(source, async (opened) => {
    const frames = await readFrames(opened, options)
    const { width, height, data } = frames[0]!
    const bytes = new Uint8Array(frames.length * data.length)
    for (const [i, frame] of frames.entries()) bytes.set(frame.data, i * data.length)
    const shape = [1, frames.length, height, width, 3] as const
    const video = Tensor.from("batch frames height width channels", shape, bytes, "uint8")
    return { video, fps: opened.fps, metadata: ignoringDamage(opened.note) }
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
export const readMetadata = (source: string | Uint8Array): Promise<VideoMetadata> =>
  using(source, ({ note }) => fromJson(note))
