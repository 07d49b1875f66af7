import { estimateVideo, modelLayer } from "auteur/effect"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { formatBytes, formatDuration, formatTable } from "../reporting/format.ts"
import { printJson } from "../terminal/output.ts"
import { usageError } from "../process/command-error.ts"
import { requestFlags } from "../request/request-flags.ts"
import { requestedVideo } from "../request/requested-video.ts"

const flags = {
  prompt: Argument.String("prompt").pipe(
    Argument.withDescription("What the video should show; not needed with --like"),
    Argument.optional,
  ),
  ...requestFlags,
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print JSON instead of a table"), Flag.withDefault(false)),
}

/** `auteur estimate`: what making a video takes, before it is made. */
export const estimateCommand = Command.make(
  "estimate",
  flags,
  Effect.fn("estimate")(function* ({ json, ...input }) {
    const requested = yield* requestedVideo(Option.getOrUndefined(input.prompt), input)
    if (requested.prompt === undefined) return yield* usageError("There is no prompt: say what the video should show.")
    const { stages, peakBytes, seconds, freeBytes, record } = yield* estimateVideo(
      requested.prompt,
      requested.video,
    ).pipe(Effect.provide(modelLayer(requested.model)))
    const { frames, width, height, steps } = record
    if (json) {
      const request = { model: record.model, frames, width, height, steps }
      return yield* printJson({ request, stages, peakBytes, seconds, freeBytes })
    }
    const rows = stages.map((stage) => [stage.name, formatBytes(stage.bytes), `about ${formatDuration(stage.seconds)}`])
    yield* Console.log(`${record.model}: ${frames} frames of ${width}×${height} in ${steps} steps\n`)
    yield* Console.log(
      formatTable([
        ["stage", "memory", "time"],
        ...rows,
        ["all", formatBytes(peakBytes), `about ${formatDuration(seconds)}`],
      ]),
    )
    yield* Console.log(
      peakBytes <= freeBytes
        ? `\n${formatBytes(freeBytes)} of memory are free.`
        : `\nOnly ${formatBytes(freeBytes)} of memory are free: ask for fewer frames or a smaller size, or try --tiling.`,
    )
  }),
).pipe(
  Command.withDescription("Say how much memory and time a video takes, without making it"),
  Command.withExamples([{ command: 'auteur estimate "a panda plays the guitar" --model ./CogVideoX-5b --frames 49' }]),
)
