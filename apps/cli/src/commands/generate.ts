import { resumeVideo, loadConfig } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Command from "effect/cli/Command"
import { toCommandError, usageError } from "../process/command-error.ts"
import { jsonReporter } from "../reporting/json-lines.ts"
import { progressReporter } from "../reporting/progress.ts"
import type { Reporter } from "../reporting/reporter.ts"
import { toKebab } from "../request/request-flags.ts"
import { standardError, standardOutput } from "../terminal/output.ts"
import { pictureProtocol } from "../terminal/pictures.ts"
import { generateFlags, type GenerateInput } from "./generate-flags.ts"
import { generateVideos, watchVideo } from "./generate-videos.ts"

/** `auteur generate`: a prompt becomes a video file. */
export const generateCommand = Command.make(
  "generate",
  generateFlags,
  Effect.fn("generate")(function* (input) {
    const reporter = yield* openReporter(input)
    if (Option.isSome(input.resume)) return yield* resumeRun(input, input.resume.value, reporter)
    yield* generateVideos(input, reporter)
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
      description: "The settings of a file, with another prompt",
    },
    {
      command: 'auteur "a cat runs to the right in a meadow" --video fox.mp4 --strength 0.7',
      description: "From a video",
    },
    { command: "auteur --batch prompts.txt -o clip.mp4", description: "A video of each line of a file" },
    { command: "auteur --resume fox.mp4.auteur", description: "Continue after Ctrl-C" },
    {
      command: 'auteur "a panda plays the guitar by a stream" --model ./CogVideoX-2b --size 720x480 --frames 49',
      description: "With a CogVideoX folder",
    },
  ]),
)

const openReporter = Effect.fnUntraced(function* ({ json, quiet, preview, previewEvery }: GenerateInput) {
  if (json) return jsonReporter(standardOutput, standardError)
  const isPreviewed = preview || Option.isSome(previewEvery)
  const pictures = isPreviewed ? pictureProtocol(process.env, standardError) : undefined
  const reporter = progressReporter({ errors: standardError, output: standardOutput, quiet, pictures })
  if (isPreviewed && pictures === undefined) {
    yield* reporter.notice("This terminal is not known to show pictures, so --preview shows none.")
  }
  return reporter
})

/** The flags that go with `--resume`: they do not say what the video should be. */
const besideResume = new Set([
  "resume",
  "config",
  "model",
  "baseModel",
  "output",
  "fps",
  "upscale",
  "json",
  "quiet",
  "preview",
])

const resumeRun = Effect.fnUntraced(function* (input: GenerateInput, checkpoint: string, reporter: Reporter) {
  const stray = Object.entries(input).find(
    ([name, value]) => !besideResume.has(name) && Option.isSome(value as Option.Option<unknown>),
  )
  if (stray !== undefined) {
    const what = stray[0] === "prompt" ? "the prompt" : `--${toKebab(stray[0])}`
    return yield* usageError(
      `--resume continues the request as it was made, so it cannot be changed: leave out ${what}.`,
    )
  }
  const { hooks, explain } = watchVideo(reporter)
  const config = yield* loadConfig({ file: Option.getOrUndefined(input.config) })
  const made = yield* resumeVideo({
    ...hooks,
    checkpoint,
    model: Option.getOrUndefined(input.model),
    baseModel: Option.getOrUndefined(input.baseModel),
    output: Option.getOrUndefined(input.output),
    fps: Option.getOrUndefined(input.fps),
    upscale: Option.getOrUndefined(input.upscale),
    plugins: config?.plugins,
  }).pipe(Effect.mapError((error) => explain(toCommandError(error))))
  yield* reporter.done(made.output, made.record)
})
