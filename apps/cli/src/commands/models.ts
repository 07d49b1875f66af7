import { checkFolder, defaultModel, listModels, type PulledModel, type PullProgress, pullModel } from "auteur/effect"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { formatBytes, formatTable } from "../reporting/format.ts"
import { CommandError } from "../process/command-error.ts"
import { type Output, printJson, standardError, standardOutput } from "../terminal/output.ts"
import { clearLine, drawProgress } from "../terminal/progress-bar.ts"
import { toVisibleJson } from "../terminal/visible-text.ts"

const json = Flag.Boolean("json").pipe(Flag.withDescription("Print JSON instead of text"), Flag.withDefault(false))

const pull = Command.make(
  "pull",
  {
    name: Argument.String("name").pipe(
      Argument.withDescription("org/name or org/name@revision on Hugging Face, or org/name/FILE.safetensors of a LoRA"),
    ),
    json,
  },
  Effect.fn("models pull")(function* ({ name, json }) {
    const onProgress = json ? pullLines(standardOutput) : pullProgress(standardError)
    const clear = () => standardError.draw(standardError.isTerminal ? clearLine : "")
    const onNotice = (sentence: string) => {
      clear()
      standardError.print(`${sentence}\n`)
    }
    const pulled = yield* pullModel(name, { onProgress, onNotice })
    if (json) return yield* printJson({ type: "model", ...pulled })
    clear()
    yield* Console.log(`${pulled.name} is in ${pulled.path} (${formatBytes(pulled.bytes)})`)
    if (pulled.kind !== "model") yield* Console.log(uses[pulled.kind](pulled.name))
  }),
).pipe(
  Command.withDescription("Fetch a model or a LoRA from Hugging Face, from where an earlier try stopped"),
  Command.withExamples([{ command: "auteur models pull zai-org/CogVideoX-2b" }]),
)

const uses: Readonly<Record<Exclude<PulledModel["kind"], "model">, (name: string) => string>> = {
  lora: (name) => `It is a LoRA: add it to a model with --lora ${name}`,
  components: (name) => `It is only a part of a model: use it with --model ${name} --base-model NAME`,
}

const check = Command.make(
  "check",
  {
    model: Argument.String("folder").pipe(
      Argument.withDescription(`A model folder, or the name of a model; default ${defaultModel}`),
      Argument.withDefault(defaultModel),
    ),
    baseModel: Flag.String("base-model").pipe(
      Flag.withMetavar("MODEL"),
      Flag.withDescription("The whole model that a folder of single components belongs to"),
      Flag.optional,
    ),
    json,
  },
  Effect.fn("models check")(function* ({ model, baseModel, json }) {
    const { path, problems } = yield* checkFolder(model, { baseModel: Option.getOrUndefined(baseModel) })
    if (json) yield* printJson({ path, problems })
    else if (problems.length === 0) yield* Console.log(`${path} is complete, and its weights fit its configs.`)
    else for (const problem of problems) yield* Console.log(problem)
    if (problems.length > 0) return yield* new CommandError({ message: "", exitCode: 1 })
  }),
).pipe(Command.withDescription("Say what is wrong with a model, tensor by tensor, without running it"))

/** `auteur models`: what is on disk, and how more comes there. */
export const modelsCommand = Command.make(
  "models",
  { json },
  Effect.fn("models")(function* ({ json }) {
    const models = yield* listModels()
    if (json) return yield* printJson(models)
    const rows = models.map(({ name, kind, version, size, problems }) => [
      name,
      version === undefined || version === "1.0" ? kind : `${kind} ${version}`,
      formatBytes(size),
      problems.length === 0 ? "" : `incomplete: auteur models check ${name}`,
    ])
    yield* Console.log(formatTable([["name", "kind", "size", ""], ...rows]))
  }),
).pipe(Command.withDescription("List the models on disk; fetch and check them"), Command.withSubcommands([pull, check]))

const pullProgress = (output: Output) => {
  let tenth = -1
  return ({ received, total }: PullProgress) => {
    const end = `${formatBytes(received)} of ${formatBytes(total)}`
    if (output.isTerminal) return drawProgress("pull", received / total, end, output)
    const reached = Math.floor((received / total) * 10)
    if (reached === tenth) return
    tenth = reached
    output.print(`pull ${end}\n`)
  }
}

const pullLines = (output: Output) => (progress: PullProgress) => {
  output.print(`${toVisibleJson({ type: "progress", ...progress })}\n`)
}
