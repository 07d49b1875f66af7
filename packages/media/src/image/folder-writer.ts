import { randomUUID } from "node:crypto"
import { access, constants, mkdir, readdir, rename, rm, writeFile } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { MediaError } from "@auteur/core"
import { checkOptions, type FrameWriter, type FrameWriterOptions, frameWriter } from "../frame-writer.ts"
import { pictureTexts } from "./png-writer.ts"
import { encodePng } from "./png.ts"
import { explainWriteFailure, statIfPresent } from "../write-file.ts"

/** Takes frames one by one and keeps them at a path, which holds all of them or what it held before. */
export interface VideoSink {
  readonly write: FrameWriter["write"]
  readonly end: () => Promise<void>
  /** Removes what was begun; harmless after `end`. */
  readonly dispose: () => Promise<void>
}

const FRAME_NAME = /^frame-\d{4,}\.png$/
const frameName = (index: number): string => `frame-${String(index + 1).padStart(4, "0")}.png`

/**
 * Finds out whether a folder of frames can be written: there is none yet, or an empty one, or one of such frames only.
 *
 * @throws MediaError that names the path and the mend
 */
export const checkFolder = async (path: string): Promise<void> => {
  const target = resolve(path)
  try {
    const present = await statIfPresent(target)
    if (present !== undefined && !present.isDirectory()) {
      throw new MediaError({ message: `Cannot write ${path}: it is a file, not a folder. Name another place.` })
    }
    const other = present && (await readdir(target)).find((name) => !FRAME_NAME.test(name))
    if (other !== undefined) {
      throw new MediaError({
        message: `Cannot write ${path}: the folder holds other files, such as ${other}. Name a new folder.`,
      })
    }
    await access(dirname(target), constants.W_OK)
  } catch (cause) {
    throw cause instanceof MediaError ? cause : new MediaError({ message: explainWriteFailure(target, cause) })
  }
}

/** Writes frames as `frame-0001.png`, `frame-0002.png` … into a folder beside the target, which then takes its place. */
export const folderSink = (path: string, options: FrameWriterOptions): VideoSink => {
  checkOptions(options)
  const target = resolve(path)
  const beside = join(dirname(target), `.${basename(target).slice(0, 64)}.${randomUUID()}`)
  const temporary = `${beside}.part`
  const attempt = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work()
    } catch (cause) {
      throw cause instanceof MediaError ? cause : new MediaError({ message: explainWriteFailure(target, cause) })
    }
  }
  const pictures = frameWriter(options, async (coderOptions) => {
    await attempt(() => mkdir(temporary))
    let count = 0
    return {
      add: (frame) => {
        const bytes = encodePng(frame, count === 0 ? pictureTexts(coderOptions) : {})
        return attempt(() => writeFile(join(temporary, frameName(count++)), bytes, { flag: "wx" }))
      },
      finish: () => new Uint8Array(),
      dispose: () => undefined,
    }
  })
  return {
    write: pictures.write,
    end: async () => {
      await pictures.end()
      await checkFolder(path)
      await attempt(async () => {
        const old = `${beside}.old`
        const replaces = (await statIfPresent(target)) !== undefined
        if (replaces) await rename(target, old)
        await rename(temporary, target)
        if (replaces) await rm(old, { recursive: true, force: true })
      })
    },
    dispose: async () => {
      pictures.dispose()
      await rm(temporary, { recursive: true, force: true }).catch(() => undefined)
    },
  }
}
