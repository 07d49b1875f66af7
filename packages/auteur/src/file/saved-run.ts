import { open, stat } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import {
  type Checkpoint,
  CheckpointError,
  decodeCheckpoint,
  encodeCheckpoint,
  readCheckpointNote,
  type VideoMetadata,
} from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { fromMetadata, toMetadata, type VideoRecord } from "../video/video-record.ts"

/** A run that was interrupted: its last step, and the settings of its video. */
export interface SavedRun {
  readonly checkpoint: Checkpoint
  readonly record: VideoRecord
  /** The folder of its model. */
  readonly model: string
}

/** A run whose checkpoint lies in a file. */
export interface SavedFile extends SavedRun {
  /** The path of its video, with the folder in which the checkpoint was found. */
  readonly output: string
  /** Adds a number to the name of the video rather than replacing a file, also one that appeared during the run. */
  readonly exclusive?: boolean | undefined
}

// A name alone: a file from elsewhere must not be written to another folder than its own.
const OutputName = Schema.String.check(Schema.makeFilter((name: string) => isName(name.replace(/[/\\]$/, ""))))
const isName = (name: string): boolean => name !== "" && name !== "." && name !== ".." && name === basename(name)

const decodeNote = Schema.decodeUnknownEffect(
  Schema.fromJsonString(
    Schema.Struct({
      model: Schema.String,
      output: Schema.optionalKey(OutputName),
      exclusive: Schema.optionalKey(Schema.Boolean),
      metadata: Schema.Record(Schema.String, Schema.String),
    }),
  ),
)

const isFolder = (output: string): boolean => /[/\\]$/.test(output)

/** The bytes of a checkpoint; with the name of the video beside whose file they are to lie. */
export const encodeRun = ({
  checkpoint,
  record,
  model,
  output,
  exclusive,
}: SavedRun & Partial<SavedFile>): Uint8Array => {
  const metadata: VideoMetadata = toMetadata(record)
  const name = output === undefined ? undefined : `${basename(resolve(output))}${isFolder(output) ? "/" : ""}`
  return encodeCheckpoint(
    checkpoint,
    JSON.stringify({ model, output: name, exclusive: exclusive || undefined, metadata }),
  )
}

/** Reads a checkpoint; a `CheckpointError` says what is wrong with it. `name` is what messages call it. */
export const decodeRun: (
  bytes: Uint8Array,
  name: string,
) => Effect.Effect<SavedRun & Partial<Pick<SavedFile, "output" | "exclusive">>, CheckpointError> = Effect.fnUntraced(
  function* (bytes, name) {
    const refuse = (reason: string) => new CheckpointError({ message: `${name} cannot be resumed: ${reason}` })
    const { checkpoint, note } = yield* Effect.try({
      try: () => ({ checkpoint: decodeCheckpoint(bytes), note: readCheckpointNote(bytes) }),
      catch: (cause) => refuse((cause as CheckpointError).message),
    })
    const { model, output, exclusive, metadata } = yield* Effect.mapError(decodeNote(note), () =>
      refuse("it does not say which video it belongs to; start again without it."),
    )
    const record = yield* Effect.mapError(fromMetadata(metadata, name), () =>
      refuse("its settings are damaged; start again without it."),
    )
    return { checkpoint, record, model, ...(output === undefined ? {} : { output, exclusive }) }
  },
)

/** The bytes of a checkpoint file; a `CheckpointError` where there is none. */
export const readCheckpoint = (path: string): Effect.Effect<Uint8Array, CheckpointError> =>
  Effect.tryPromise({
    try: () => readRegularFile(path),
    catch: () =>
      new CheckpointError({ message: `There is no checkpoint at ${path} that can be read: check the path.` }),
  })

/** Reads the file that an interrupted run left beside its video. */
export const readRun: (path: string) => Effect.Effect<SavedFile, CheckpointError> = Effect.fnUntraced(function* (path) {
  const { output, ...run } = yield* decodeRun(yield* readCheckpoint(path), path)
  if (output === undefined) {
    return yield* new CheckpointError({
      message: `${path} cannot be resumed: it does not say which video it belongs to; start again without it.`,
    })
  }
  return { ...run, output: join(dirname(path), output) }
})

/** More than this is not read at once. */
const largestRead = 2 ** 30

/** The bytes of a file of any size; rejects for a device or a pipe, which may never end. */
const readRegularFile = async (path: string): Promise<Uint8Array> => {
  if (!(await stat(path)).isFile()) throw new Error(`${path} is not a regular file`)
  const file = await open(path)
  try {
    const bytes = new Uint8Array((await file.stat()).size)
    for (let at = 0; at < bytes.length;) {
      const { bytesRead } = await file.read(bytes, at, Math.min(bytes.length - at, largestRead), at)
      if (bytesRead === 0) return bytes.slice(0, at)
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}
