import { readFile } from "node:fs/promises"
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

const ending = ".auteur"
const decodeNote = Schema.decodeUnknownEffect(
  Schema.fromJsonString(
    Schema.Struct({
      model: Schema.String,
      folder: Schema.Boolean,
      metadata: Schema.Record(Schema.String, Schema.String),
    }),
  ),
)

/** Where the progress of a video that is not finished lies. */
export const checkpointPath = (output: string): string => `${output.replace(/[/\\]+$/, "")}${ending}`

/** The bytes of the file at {@link checkpointPath}. */
export const encodeRun = ({ checkpoint, record, model, output }: SavedRun): Uint8Array => {
  const metadata: VideoMetadata = toMetadata(record)
  return encodeCheckpoint(checkpoint, JSON.stringify({ model, folder: /[/\\]$/.test(output), metadata }))
}

/** Reads what an interrupted run left; a `CheckpointError` says what is wrong with the file. */
export const readRun: (path: string) => Effect.Effect<SavedRun, CheckpointError> = Effect.fnUntraced(function* (path) {
  const bytes = yield* Effect.tryPromise({
    try: () => readFile(path),
    catch: () =>
      new CheckpointError({ message: `There is no checkpoint at ${path} that can be read: check the path.` }),
  })
  const refuse = (reason: string) => new CheckpointError({ message: `${path} cannot be resumed: ${reason}` })
  const { checkpoint, note } = yield* Effect.try({
    try: () => ({ checkpoint: decodeCheckpoint(bytes), note: readCheckpointNote(bytes) }),
    catch: (cause) => refuse((cause as CheckpointError).message),
  })
  const { model, folder, metadata } = yield* Effect.mapError(decodeNote(note), () =>
    refuse("it does not say which video it belongs to; start again without it."),
  )
  const record = yield* Effect.mapError(fromMetadata(metadata, path), () =>
    refuse("its settings are damaged; start again without it."),
  )
  const output = path.endsWith(ending) ? path.slice(0, -ending.length) : `${path}.mp4`
  return { checkpoint, record, model, output: folder ? `${output}/` : output }
})
