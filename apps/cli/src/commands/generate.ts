import { mkdir } from "node:fs/promises"
import { defaultSteps, modelLayer, loadConfig, makeVideo, resumeVideo, type UnfinishedVideo } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { readPrompts } from "../request/prompt-file.ts"
import { CommandError, usageError } from "../process/command-error.ts"
import { jsonReporter } from "../reporting/json-lines.ts"
import { numberedName, outputName } from "../request/output-name.ts"
import { pictureProtocol } from "../reporting/pictures.ts"
import { progressReporter } from "../reporting/progress.ts"
import { howToResume, type Reporter } from "../reporting/reporter.ts"
import { askedVideo, requestFlags } from "../request/request-flags.ts"
import { endBySignal } from "../process/signals.ts"

const flags = {
  prompt: Argument.String("prompt").pipe(
    Argument.withDescription("What the video should show; not needed with --resume, --like or --batch"),
    Argument.optional,
  ),
  output: Flag.String("output").pipe(
    Flag.withAlias("o"),
    Flag.withDescription(
      "The file to write, ending in .mp4, .webp, .gif or .png (one frame), or in / for a folder of PNG frames; by default an MP4 named after the prompt",
    ),
    Flag.optional,
  ),
  ...requestFlags,
  batch: Flag.String("batch").pipe(
    Flag.withDescription("A file of prompts, one a line: a video of each, with the model loaded once"),
    Flag.optional,
  ),
  resume: Flag.String("resume").pipe(
    Flag.withDescription("Continue from the .auteur file that an interrupted run left beside its video"),
    Flag.optional,
  ),
  preview: Flag.Boolean("preview").pipe(
    Flag.withDescription("Show how the video comes about, in terminals that show pictures"),
    Flag.withDefault(false),
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print each event as a line of JSON instead of progress"),
    Flag.withDefault(false),
  ),
  quiet: Flag.Boolean("quiet").pipe(
    Flag.withAlias("q"),
    Flag.withDescription("Print only what goes wrong"),
    Flag.withDefault(false),
  ),
}

type Input = Command.Command.Config.Infer<typeof flags>

/** `auteur generate`: a prompt becomes a video file. */
export const generateCommand = Command.make(
  "generate",
  flags,
  Effect.fn("generate")(function* (input) {
    const reporter = yield* openReporter(input)
    if (Option.isSome(input.resume)) return yield* resumeRun(input, input.resume.value, reporter)
    yield* generateAll(input, reporter)
  }),
).pipe(
  Command.withDescription("Make a video from a prompt"),
  Command.withExamples([
    { command: 'auteur "a dragon rushes towards you on the ice"', description: "With the bundled model" },
    {
      command: 'auteur "a fox runs to the right in a meadow" --seed 7 --steps 30 -o fox.mp4',
      description: "The same seed gives the same file",
    },
    {
      command: 'auteur --like fox.mp4 "a cat runs to the right in a meadow"',
      description: "A file, with another prompt",
    },
    { command: "auteur --resume fox.mp4.auteur", description: "Go on after Ctrl-C" },
    {
      command: 'auteur "a panda plays the guitar by a stream" --model ./CogVideoX-2b --size 720x480 --frames 49',
      description: "With a CogVideoX folder",
    },
  ]),
)

const openReporter = Effect.fnUntraced(function* ({ json, quiet, preview }: Input) {
  if (json) return jsonReporter(process.stdout, process.stderr)
  const pictures = preview ? pictureProtocol(process.env, process.stderr) : undefined
  const reporter = progressReporter({ errors: process.stderr, output: process.stdout, quiet, pictures })
  if (preview && pictures === undefined) {
    yield* reporter.notice("This terminal is not known to show pictures, so --preview shows none.")
  }
  return reporter
})

/** Watches over one video: an interruption ends the command, and a failure says how to go on. */
const watched = (reporter: Reporter) => {
  let left: UnfinishedVideo | undefined
  return {
    hooks: {
      onEvent: reporter.event,
      onNotice: reporter.notice,
      onUnfinished: (video: UnfinishedVideo) =>
        video.interrupted
          ? Effect.andThen(reporter.stopped(video), endBySignal)
          : Effect.sync(() => {
              left = video
            }),
    },
    explain: (error: { readonly message: string }) => {
      const mend = left === undefined ? undefined : howToResume(left)
      return new CommandError({
        message: mend === undefined ? error.message : `${error.message}\n${mend}`,
        exitCode: 1,
      })
    },
  }
}

const generateAll = Effect.fnUntraced(function* (input: Input, reporter: Reporter) {
  const output = Option.getOrUndefined(input.output)
  const asked = yield* askedVideo(Option.getOrUndefined(input.prompt), input)
  if (Option.isSome(input.batch) && Option.isSome(input.prompt)) {
    return yield* usageError("A prompt and --batch are both given: give one of them.")
  }
  const prompts = Option.isSome(input.batch) ? yield* readPrompts(input.batch.value) : [asked.prompt]
  if (prompts[0] === undefined) {
    return yield* usageError(
      'There is no prompt: say what the video should show, such as auteur "a fox runs in a meadow".',
    )
  }
  if (asked.notice !== undefined) yield* reporter.notice(asked.notice)
  const total = prompts.length
  const isBatch = Option.isSome(input.batch)
  const steps = asked.video.steps ?? defaultSteps
  const previewEvery = input.preview ? Math.max(1, Math.ceil(steps / 4)) : undefined
  if (isBatch && output !== undefined && /[/\\]$/.test(output)) yield* makeFolder(output)
  const makeOne = Effect.fnUntraced(function* (prompt: string, index: number) {
    const path = isBatch ? numberedName(output, prompt, index, total) : (output ?? outputName(prompt))
    const task = { prompt, output: path, index, total }
    if (isBatch) yield* reporter.begin(task)
    const { hooks, explain } = watched(reporter)
    return yield* Effect.matchEffect(makeVideo({ ...asked.video, ...hooks, previewEvery, prompt, output: path }), {
      onSuccess: (record) => Effect.as(reporter.done(path, record), true),
      onFailure: (error) => Effect.as(reporter.failed(task, explain(error).message), false),
    })
  })
  const results = yield* Effect.forEach(prompts as ReadonlyArray<string>, makeOne).pipe(
    Effect.provide(modelLayer(asked.film)),
  )
  const made = results.filter(Boolean).length
  if (made === total) return
  return yield* new CommandError({ message: isBatch ? `${made} of ${total} videos were made.` : "", exitCode: 1 })
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

/** The flags that do not say what the video should be. */
const besideRequest = new Set(["resume", "config", "model", "output", "fps", "upscale", "json", "quiet", "preview"])

const resumeRun = Effect.fnUntraced(function* (input: Input, checkpoint: string, reporter: Reporter) {
  const stray = Object.entries(input).find(
    ([name, value]) => !besideRequest.has(name) && Option.isSome(value as Option.Option<unknown>),
  )
  if (stray !== undefined) {
    const kebab = stray[0].replaceAll(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)
    return yield* usageError(
      `--resume goes on with the request that was begun, so it cannot be changed: leave out ${kebab === "prompt" ? "the prompt" : `--${kebab}`}.`,
    )
  }
  const { hooks, explain } = watched(reporter)
  const config = yield* loadConfig({ file: Option.getOrUndefined(input.config) })
  const made = yield* resumeVideo({
    ...hooks,
    checkpoint,
    model: Option.getOrUndefined(input.model),
    output: Option.getOrUndefined(input.output),
    fps: Option.getOrUndefined(input.fps),
    upscale: Option.getOrUndefined(input.upscale),
    plugins: config?.plugins,
    pluginLimits: config?.pluginLimits,
  }).pipe(Effect.mapError(explain))
  yield* reporter.done(made.output, made.record)
})
