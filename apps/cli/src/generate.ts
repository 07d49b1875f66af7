import { checkpointPath, makeVideo, samplerNames } from "auteur"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { outputName } from "./output-name.ts"
import { jsonReporter, progressReporter } from "./progress.ts"
import { parseSize } from "./size.ts"

const flags = {
  prompt: Argument.String("prompt").pipe(
    Argument.withDescription("What the video should show; not needed with --resume"),
    Argument.optional,
  ),
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription("A model folder in the layout of diffusers, or the name of a bundled model"),
    Flag.withDefault("emoji-world"),
  ),
  output: Flag.String("output").pipe(
    Flag.withAlias("o"),
    Flag.withDescription("The file to write, ending in .mp4; named after the prompt by default"),
    Flag.optional,
  ),
  steps: Flag.Int("steps").pipe(
    Flag.withDescription("Steps of the sampler: more take longer and are more exact"),
    Flag.withDefault(50),
  ),
  seed: Flag.Int("seed").pipe(
    Flag.withDescription("The same seed gives the same video; by default a new one, which is printed"),
    Flag.optional,
  ),
  sampler: Flag.Literals("sampler", samplerNames).pipe(
    Flag.withDescription("Another sampler than the model folder's own"),
    Flag.optional,
  ),
  guidance: Flag.Finite("guidance").pipe(
    Flag.withDescription("How strongly the prompt steers; 1 switches guidance off, which halves the time"),
    Flag.withDefault(6),
  ),
  dynamicGuidance: Flag.Boolean("dynamic-guidance").pipe(
    Flag.withDescription("Let the guidance change over the steps, as advised for CogVideoX-5b with the dpm sampler"),
    Flag.withDefault(false),
  ),
  negative: Flag.String("negative").pipe(Flag.withDescription("What the video should not show"), Flag.withDefault("")),
  frames: Flag.Int("frames").pipe(
    Flag.withDescription("Length in frames, 8N or 8N+1; by default the length that the model was trained at"),
    Flag.optional,
  ),
  size: Flag.String("size").pipe(
    Flag.withDescription(
      "Width and height in pixels, such as 720x480; by default the size that the model was trained at",
    ),
    Flag.filterMap(parseSize, () => "WIDTHxHEIGHT, such as 720x480"),
    Flag.optional,
  ),
  fps: Flag.Finite("fps").pipe(Flag.withDescription("Frames per second; by default the model's"), Flag.optional),
  scale: Flag.Int("scale").pipe(
    Flag.withDescription("Enlarges the written picture; 4 by default for pictures of 64 pixels or less, otherwise 1"),
    Flag.optional,
  ),
  image: Flag.String("image").pipe(
    Flag.withDescription("The first frame, a PNG or JPEG file, for image-to-video models"),
    Flag.optional,
  ),
  tiling: Flag.Boolean("tiling").pipe(
    Flag.withDescription("Decode in overlapping tiles: slower, in less memory"),
    Flag.withDefault(false),
  ),
  resume: Flag.String("resume").pipe(
    Flag.withDescription("Continue from the .auteur file that an interrupted run left beside its video"),
    Flag.optional,
  ),
  json: Flag.Boolean("json").pipe(
    Flag.withDescription("Print each event as a line of JSON instead of progress"),
    Flag.withDefault(false),
  ),
}

/** `auteur generate`: a prompt becomes a video file. */
export const generateCommand = Command.make(
  "generate",
  flags,
  Effect.fn("generate")(function* (input) {
    const { prompt, output, resume, json, ...flags } = input
    const size = Option.getOrUndefined(flags.size)
    const path = Option.getOrElse(output, () =>
      Option.isSome(resume) ? resume.value.replace(/\.auteur$/, "") : outputName(Option.getOrElse(prompt, () => "")),
    )
    const { seed } = yield* makeVideo({
      ...flags,
      seed: Option.getOrUndefined(flags.seed),
      sampler: Option.getOrUndefined(flags.sampler),
      frames: Option.getOrUndefined(flags.frames),
      width: size?.width,
      height: size?.height,
      fps: Option.getOrUndefined(flags.fps),
      scale: Option.getOrUndefined(flags.scale),
      image: Option.getOrUndefined(flags.image),
      source: Option.isSome(resume) ? { checkpoint: resume.value } : { prompt: Option.getOrElse(prompt, () => "") },
      output: path,
      onEvent: json ? jsonReporter(process.stdout) : yield* progressReporter(process.stderr),
    }).pipe(
      Effect.onInterrupt(() =>
        Console.error(`\nStopped. What is done can be continued: --resume ${checkpointPath(path)}`),
      ),
    )
    yield* json
      ? Console.log(JSON.stringify({ type: "file", path, seed: String(seed) }))
      : Console.log(`${path}  (seed ${seed})`)
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
      command: 'auteur "a panda plays the guitar by a stream" --model ./CogVideoX-2b --size 720x480 --frames 49',
      description: "With a CogVideoX folder",
    },
  ]),
)
