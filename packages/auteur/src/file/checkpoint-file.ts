import { rm, writeFile } from "node:fs/promises"
import { basename, resolve } from "node:path"
import type { MediaError } from "@auteur/core"
import { writeFileAtomically } from "@auteur/media"
import * as Effect from "effect/Effect"

/** The file that a run keeps its progress in. Files of other runs of the same video keep their names and their bytes. */
export interface CheckpointFile {
  /** Where the newest progress lies; nothing before there is some. */
  readonly path: () => string | undefined
  /** Replaces what this run wrote before. */
  readonly write: (bytes: Uint8Array) => Effect.Effect<void, MediaError>
  /** Removes the files that this run wrote and continued from. */
  readonly remove: Effect.Effect<void>
}

/** The checkpoint file that a run was resumed from. */
export interface ResumedFile {
  readonly path: string
  /** The video that it was to become. */
  readonly output: string
}

/** The file beside `output`: the one that the run was resumed from, when that is its own, otherwise `x.mp4.auteur` or the next free name. */
export const checkpointFile = (output: string, resumed: ResumedFile | undefined): CheckpointFile => {
  let own = resumed !== undefined && resolve(resumed.output) === resolve(output) ? resumed.path : undefined
  const write = async (bytes: Uint8Array): Promise<void> => {
    if (own === undefined) own = await writeNew(output, bytes)
    else await writeFileAtomically(own, bytes)
  }
  return {
    path: () => own ?? resumed?.path,
    write: (bytes) => Effect.tryPromise({ try: () => write(bytes), catch: (cause) => cause as MediaError }),
    remove: Effect.promise(async () => {
      for (const path of new Set([own, resumed?.path])) if (path !== undefined) await rm(path, { force: true })
    }),
  }
}

const writeNew = async (output: string, bytes: Uint8Array): Promise<string> => {
  // A folder that is named `.` is put whole in its place, so its checkpoint does not lie in it.
  const base = [".", ".."].includes(basename(output)) ? resolve(output) : output.replace(/[/\\]+$/, "")
  for (let n = 1; ; n++) {
    const path = n === 1 ? `${base}.auteur` : `${base}.${n}.auteur`
    if (!(await claim(path))) continue
    try {
      await writeFileAtomically(path, bytes)
      return path
    } catch (cause) {
      await rm(path, { force: true }).catch(() => undefined)
      throw cause
    }
  }
}

/** Takes a name that no other process can take then; false when it is taken. What else is wrong, writing to it will tell. */
const claim = async (path: string): Promise<boolean> => {
  try {
    await writeFile(path, "", { flag: "wx" })
    return true
  } catch (cause) {
    return (cause as NodeJS.ErrnoException).code !== "EEXIST"
  }
}
