import type { GenerateEvent, UnfinishedVideo, VideoRecord } from "auteur/effect"
import type * as Effect from "effect/Effect"

/** A video of the command: one of `total`. */
export interface VideoTask {
  readonly prompt: string
  readonly output: string
  readonly index: number
  readonly total: number
}

/** Tells a person, or a program, how far the command is. */
export interface Reporter {
  readonly begin: (task: VideoTask) => Effect.Effect<void>
  readonly event: (event: GenerateEvent) => Effect.Effect<void>
  readonly notice: (text: string) => Effect.Effect<void>
  /** The video is written. */
  readonly done: (output: string, record: VideoRecord) => Effect.Effect<void>
  /** The work was stopped by a signal. */
  readonly stopped: (video: UnfinishedVideo) => Effect.Effect<void>
  readonly failed: (task: VideoTask, message: string) => Effect.Effect<void>
}

/** How to go on with a video that was not finished. */
export const howToResume = ({ checkpoint }: UnfinishedVideo): string | undefined =>
  checkpoint === undefined ? undefined : `What is done can be continued: --resume ${checkpoint}`
