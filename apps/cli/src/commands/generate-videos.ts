import { mkdir } from "node:fs/promises"
import { type GenerateEvent, makeVideo, modelLayer, requestFields, type UnfinishedVideo } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { CommandError, toCommandError, usageError } from "../process/command-error.ts"
import { endBySignal } from "../process/signals.ts"
import { howToResume, type Reporter, type VideoTask } from "../reporting/reporter.ts"
import { numberedName, outputName } from "../request/output-name.ts"
import { readPrompts } from "../request/prompt-file.ts"
import { requestedVideo } from "../request/requested-video.ts"
import type { GenerateInput } from "./generate-flags.ts"

/** Watches over one video: an interruption ends the command, and a failure says how to continue. */
export const watchVideo = (reporter: Reporter, task?: VideoTask) => {
  let left: UnfinishedVideo | undefined
  let isBegun = false
  return {
    hooks: {
      onEvent: (event: GenerateEvent) => {
        isBegun = true
        return reporter.event(event)
      },
      onNotice: reporter.notice,
      onUnfinished: (video: UnfinishedVideo) =>
        video.interrupted
          ? Effect.andThen(reporter.stopped(video, task), endBySignal)
          : Effect.sync(() => {
              left = video
            }),
    },
    isBegun: () => isBegun,
    explain: ({ message, exitCode }: CommandError) => {
      const resume = left === undefined ? undefined : howToResume(left)
      return new CommandError({ message: resume === undefined ? message : `${message}\n${resume}`, exitCode })
    },
  }
}

/** A video that could not be made. */
interface Failure {
  readonly error: CommandError
  /** Its reason, the same for all that fail for it; undefined when the work had begun. */
  readonly reason: string | undefined
}

/** Makes the video of the prompt, or one of each prompt of a batch. */
export const generateVideos = Effect.fnUntraced(function* (input: GenerateInput, reporter: Reporter) {
  const requested = yield* requestedVideo(Option.getOrUndefined(input.prompt), input)
  const prompts = yield* requestedPrompts(input, requested.prompt)
  const output = Option.getOrUndefined(input.output)
  const isBatch = Option.isSome(input.batch)
  if (requested.notice !== undefined) yield* reporter.notice(requested.notice)
  if (isBatch && output !== undefined && /[/\\]$/.test(output)) yield* makeFolder(output)
  const steps = requested.video.steps ?? requestFields.steps.default!
  const few = input.preview ? Math.max(1, Math.ceil(steps / 4)) : undefined
  const previewEvery = Option.getOrElse(input.previewEvery, () => few)
  const total = prompts.length

  const makeOne = Effect.fnUntraced(function* (prompt: string, index: number) {
    const path = isBatch ? numberedName(output, prompt, index, total) : (output ?? outputName(prompt))
    const task = { prompt, output: path, index, total }
    if (isBatch) yield* reporter.begin(task)
    const { hooks, explain, isBegun } = watchVideo(reporter, task)
    const exclusive = output === undefined // its name was chosen here
    return yield* makeVideo({ ...requested.video, ...hooks, previewEvery, prompt, output: path, exclusive }).pipe(
      Effect.matchEffect({
        onSuccess: (made) => Effect.as(reporter.done(made.output, made.record), undefined),
        onFailure: (failure) => {
          const error = explain(toCommandError(failure))
          const reason = isBegun() ? undefined : error.message.replaceAll(path, "")
          return Effect.as(reporter.failed(task, error.message), { error, reason } satisfies Failure)
        },
      }),
    )
  })
  const first = Option.getOrElse(input.from, () => 1) - 1
  yield* makeAll(prompts, first, makeOne).pipe(Effect.provide(modelLayer(requested.model)))
})

/** Makes the videos one after the other, beyond those that fail, unless the next would fail for the same reason. */
const makeAll = Effect.fnUntraced(function* <E, R>(
  prompts: ReadonlyArray<string>,
  first: number,
  makeOne: (prompt: string, index: number) => Effect.Effect<Failure | undefined, E, R>,
) {
  let made = 0
  let last: Failure | undefined
  let failed: Failure | undefined
  let left = prompts.length - first
  for (const [index, prompt] of prompts.entries()) {
    if (index < first) continue
    const failure = yield* makeOne(prompt, index)
    left--
    if (failure === undefined) made++
    failed = failure ?? failed
    const isSame = failure?.reason !== undefined && failure.reason === last?.reason
    if (failure?.error.exitCode === 2 || isSame) break
    last = failure
  }
  if (failed === undefined) return
  const { exitCode } = failed.error
  if (prompts.length === 1) return yield* new CommandError({ message: "", exitCode })
  const same = left === 0 || exitCode === 2 ? [] : [`The other ${left} would fail for the same reason.`]
  const count = `${made} of ${prompts.length - first} videos were made.`
  return yield* new CommandError({ message: [...same, count].join("\n"), exitCode })
})

const requestedPrompts = Effect.fnUntraced(function* (input: GenerateInput, prompt: string | undefined) {
  if (Option.isNone(input.batch)) {
    if (Option.isSome(input.from)) return yield* usageError("--from is the place in a batch: give --batch, too.")
    if (prompt !== undefined) return [prompt]
    return yield* usageError(
      'There is no prompt: say what the video should show, such as auteur "a fox runs in a meadow".',
    )
  }
  if (Option.isSome(input.prompt)) {
    return yield* usageError("A prompt and --batch are both given: give one of them.")
  }
  const prompts = yield* readPrompts(input.batch.value)
  const from = Option.getOrElse(input.from, () => 1)
  if (from <= prompts.length) return prompts
  const count = prompts.length === 1 ? "one prompt" : `${prompts.length} prompts`
  return yield* usageError(`--from ${from} is beyond the end of ${input.batch.value}, which holds ${count}.`)
})

/** The folder that a batch puts its folders of frames into. */
const makeFolder = (path: string) =>
  Effect.tryPromise({
    try: () => mkdir(path, { recursive: true }),
    catch: (cause) =>
      new CommandError({
        message: `The folder ${path} cannot be made (${(cause as Error).message}): name another place.`,
        exitCode: 1,
      }),
  })
