import { defaultModel, inspectMachine } from "auteur/effect"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import { printJson } from "../terminal/output.ts"
import { CommandError } from "../process/command-error.ts"

const flags = {
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription(`The model to look at and to try; default ${defaultModel}`),
    Flag.withDefault(defaultModel),
  ),
  json: Flag.Boolean("json").pipe(Flag.withDescription("Print JSON instead of lines"), Flag.withDefault(false)),
}

/** `auteur doctor`: what this machine has, what is wrong with it, and how to fix it. */
export const doctorCommand = Command.make(
  "doctor",
  flags,
  Effect.fn("doctor")(function* ({ model, json }) {
    const findings = yield* inspectMachine(model)
    if (json) yield* printJson(findings)
    else {
      for (const { name, value, problem } of findings) {
        yield* Console.log(`${problem === undefined ? "✓" : "✗"} ${name.padEnd(10)} ${value}`)
        if (problem !== undefined) yield* Console.log(`  ${problem}`)
      }
    }
    const problems = findings.filter(({ problem }) => problem !== undefined).length
    if (problems === 0) return
    return yield* new CommandError({
      message: json ? "" : `\n${problems === 1 ? "One thing is" : `${problems} things are`} wrong.`,
      exitCode: 1,
    })
  }),
).pipe(Command.withDescription("Check this machine: runtime, memory, engine, model, and one frame as a test"))
