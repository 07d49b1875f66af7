import { access, constants, mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises"
import { dirname, join, resolve } from "node:path"
import { MediaError } from "@auteur/core"
import { checkOptions, feedCoder, type FrameWriter, type FrameWriterOptions } from "../frame-writer.ts"
import {
  besideIt,
  codeOf,
  explainWriteFailure,
  followLinks,
  isTaken,
  numberedPaths,
  statIfPresent,
} from "../write-file.ts"
import { frameTexts, isOurs, pictureTexts } from "./png-coder.ts"
import { toPng } from "./png.ts"

/** Takes frames one by one and keeps them at a path, which holds all of them or what it held before. */
export interface VideoSink {
  readonly write: FrameWriter["write"]
  /** Gives the path where the video is. */
  readonly end: () => Promise<string>
  /** Removes what was begun; harmless after `end`. */
  readonly dispose: () => Promise<void>
}

const FRAME_NAME = /^frame-\d{4,}\.png$/
const frameName = (index: number): string => `frame-${String(index + 1).padStart(4, "0")}.png`
const LARGEST_FRAME = 64 * 1024 * 1024

/** Whether a file in a folder is a frame that was written by this package. */
const isOurFrame = async (folder: string, name: string): Promise<boolean> => {
  if (!FRAME_NAME.test(name)) return false
  const path = join(folder, name)
  const present = await stat(path).catch(() => undefined)
  return present?.isFile() === true && present.size <= LARGEST_FRAME && isOurs(await readFile(path))
}

const explained = (path: string, cause: unknown, target: string): MediaError =>
  cause instanceof MediaError ? cause : new MediaError({ message: explainWriteFailure(path, cause, target) })

/**
 * Finds out whether a folder of frames can be written: there is none yet, or it is empty, or it holds frames of an earlier
 * video and nothing else.
 *
 * @throws MediaError that names the path and the fix
 */
export const checkFolder = async (path: string): Promise<void> => {
  let target = resolve(path)
  try {
    target = await followLinks(target)
    const present = await statIfPresent(target)
    if (present !== undefined && !present.isDirectory()) {
      throw new MediaError({ message: `Cannot write ${path}: it is a file, not a folder. Name another place.` })
    }
    for (const name of present === undefined ? [] : await readdir(target)) {
      if (await isOurFrame(target, name)) continue
      throw new MediaError({
        message: `Cannot write ${path}: the folder holds other files, such as ${name}. Name a new folder.`,
      })
    }
    await access(dirname(target), constants.W_OK)
  } catch (cause) {
    throw explained(path, cause, target)
  }
}

/** Puts a finished folder in the place of the target, which holds frames of an earlier video, or nothing. */
const replace = async (temporary: string, target: string): Promise<void> => {
  const old = `${besideIt(target)}.old`
  const replaces = (await statIfPresent(target)) !== undefined
  if (replaces) await rename(target, old)
  await rename(temporary, target)
  if (replaces) await rm(old, { recursive: true, force: true })
}

/** Puts a finished folder at the first of the numbered paths where nothing is, and gives that path. */
const placeNew = async (temporary: string, path: string): Promise<string> => {
  for (const numbered of numberedPaths(path)) {
    try {
      if (await isTaken(numbered)) continue
      await mkdir(numbered) // reserves the name
      await rmdir(numbered)
      await rename(temporary, numbered)
      return numbered
    } catch (cause) {
      if (codeOf(cause) !== "EEXIST" && codeOf(cause) !== "ENOTEMPTY") throw cause
    }
  }
  return path
}

/**
 * Writes frames as `frame-0001.png`, `frame-0002.png` … into a folder beside the target, which then takes its place.
 *
 * With `exclusive` it takes no folder's place, not even an empty one's: a number is added to the name.
 */
export const folderSink = (path: string, options: FrameWriterOptions, exclusive: boolean): VideoSink => {
  checkOptions(options)
  let target = resolve(path)
  let temporary: string | undefined
  const attempt = async <A>(work: () => Promise<A>): Promise<A> => {
    try {
      return await work()
    } catch (cause) {
      throw explained(path, cause, target)
    }
  }
  const pictures = feedCoder(options, async (coderOptions) => {
    const folder = await attempt(async () => {
      if (!exclusive) target = await followLinks(target)
      temporary = `${besideIt(target)}.part`
      await mkdir(temporary)
      return temporary
    })
    let count = 0
    return {
      add: (frame) => {
        const bytes = toPng(frame, count === 0 ? pictureTexts(coderOptions) : frameTexts)
        return attempt(() => writeFile(join(folder, frameName(count++)), bytes, { flag: "wx" }))
      },
      finish: () => new Uint8Array(),
      dispose: () => undefined,
    }
  })
  return {
    write: pictures.write,
    end: async () => {
      await pictures.end()
      if (exclusive) return attempt(async () => `${await placeNew(temporary!, target)}/`)
      await checkFolder(path)
      await attempt(() => replace(temporary!, target))
      return path
    },
    dispose: async () => {
      pictures.dispose()
      if (temporary !== undefined) await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    },
  }
}
