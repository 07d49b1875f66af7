import type { GenerateEvent, UnfinishedVideo, VideoRecord } from "auteur/effect"
import type * as Effect from "effect/Effect"
import { toFlag } from "./shell-word.ts"

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
  readonly stopped: (video: UnfinishedVideo, task?: VideoTask) => Effect.Effect<void>
  readonly failed: (task: VideoTask, message: string) => Effect.Effect<void>
}

/** How to continue a video that was not finished. */
export const howToResume = ({ checkpoint }: UnfinishedVideo): string | undefined =>
  checkpoint === undefined ? undefined : `What is done can be continued: ${toFlag("--resume", checkpoint)}`

/** How to continue a batch that was stopped: its video, and those after it. */
export const howToContinue = (video: UnfinishedVideo, task: VideoTask | undefined): string => {
  const resume = howToResume(video)
  if (task === undefined || task.total === 1) return resume ?? ""
  const next = task.index + (resume === undefined ? 1 : 2)
  if (next > task.total) return resume ?? ""
  return [resume, `The rest of the batch: the same command with --from ${next}`].filter(Boolean).join("\n")
}
