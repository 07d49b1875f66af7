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
import { readRegularFile } from "./read-regular-file.ts"
import { fromMetadata, toMetadata, type VideoRecord } from "./video-record.ts"

/** A run that was interrupted: where it stands, and what its video is to be. */
export interface SavedRun {
  readonly checkpoint: Checkpoint
  readonly record: VideoRecord
  /** The folder of its model. */
  readonly model: string
  /** The path of its video, with the folder in which the checkpoint was found. */
  readonly output: string
}

// A name alone: a file from elsewhere must not be written to another folder than its own.
const OutputName = Schema.String.check(Schema.makeFilter((name: string) => isName(name.replace(/[/\\]$/, ""))))
const isName = (name: string): boolean => name !== "" && name !== "." && name !== ".." && name === basename(name)

const decodeNote = Schema.decodeUnknownEffect(
  Schema.fromJsonString(
    Schema.Struct({
      model: Schema.String,
      output: OutputName,
      metadata: Schema.Record(Schema.String, Schema.String),
    }),
  ),
)

const isFolder = (output: string): boolean => /[/\\]$/.test(output)

/** The bytes of a checkpoint file, which lies beside its video. */
export const encodeRun = ({ checkpoint, record, model, output }: SavedRun): Uint8Array => {
  const metadata: VideoMetadata = toMetadata(record)
  const name = `${basename(resolve(output))}${isFolder(output) ? "/" : ""}`
  return encodeCheckpoint(checkpoint, JSON.stringify({ model, output: name, metadata }))
}

/** Reads what an interrupted run left; a `CheckpointError` says what is wrong with the file. */
export const readRun: (path: string) => Effect.Effect<SavedRun, CheckpointError> = Effect.fnUntraced(function* (path) {
  const bytes = yield* Effect.tryPromise({
    try: () => readRegularFile(path),
    catch: () =>
      new CheckpointError({ message: `There is no checkpoint at ${path} that can be read: check the path.` }),
  })
  const refuse = (reason: string) => new CheckpointError({ message: `${path} cannot be resumed: ${reason}` })
  const { checkpoint, note } = yield* Effect.try({
    try: () => ({ checkpoint: decodeCheckpoint(bytes), note: readCheckpointNote(bytes) }),
    catch: (cause) => refuse((cause as CheckpointError).message),
  })
  const { model, output, metadata } = yield* Effect.mapError(decodeNote(note), () =>
    refuse("it does not say which video it belongs to; start again without it."),
  )
  const record = yield* Effect.mapError(fromMetadata(metadata, path), () =>
    refuse("its settings are damaged; start again without it."),
  )
  return { checkpoint, record, model, output: join(dirname(path), output) }
})
