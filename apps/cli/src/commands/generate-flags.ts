import * as Argument from "effect/cli/Argument"
import type * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { pathFlag, requestFlags, toKebab } from "../request/request-flags.ts"

const wholeFrom1 = (name: string) =>
  Flag.Int(name).pipe(
    Flag.withMetavar("NUMBER"),
    Flag.filter(
      (value) => value >= 1,
      () => "a whole number of at least 1",
    ),
  )

/** The flags of `auteur generate`. */
export const generateFlags = {
  prompt: Argument.String("prompt").pipe(
    Argument.withDescription("What the video shows; not needed with --resume, --like or --batch"),
    Argument.optional,
  ),
  output: pathFlag("output", "PATH").pipe(
    Flag.withAlias("o"),
    Flag.withDescription(
      "The file to write, ending in .mp4, .webp, .gif or .png (one frame), or in / for a folder of PNG frames; by default an MP4 named after the prompt",
    ),
    Flag.optional,
  ),
  ...requestFlags,
  batch: pathFlag("batch", "FILE").pipe(
    Flag.withDescription("A file of prompts, one a line: a video of each, with the model loaded once"),
    Flag.optional,
  ),
  from: wholeFrom1("from").pipe(
    Flag.withDescription("With --batch: the number of the prompt to start at, to continue a batch"),
    Flag.optional,
  ),
  resume: pathFlag("resume", "FILE").pipe(
    Flag.withDescription("Continue from the .auteur file that an interrupted run left beside its video"),
    Flag.optional,
  ),
  preview: Flag.Boolean("preview").pipe(
    Flag.withDescription("Show up to three previews on the way, in terminals that show pictures"),
    Flag.withDefault(false),
  ),
  previewEvery: wholeFrom1("preview-every").pipe(
    Flag.withDescription("Show a preview every so many steps"),
    Flag.optional,
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

/** The long names of all flags, as they are typed. */
export const generateFlagNames: ReadonlyArray<string> = Object.keys(generateFlags)
  .filter((name) => name !== "prompt")
  .map(toKebab)

export type GenerateInput = Command.Command.Config.Infer<typeof generateFlags>
