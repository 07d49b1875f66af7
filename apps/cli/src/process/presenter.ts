import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as CliOutput from "effect/cli/CliOutput"

/** A wrong command line gets its errors and the way to the help; the whole help would hide them. */
export const presenterLayer: Layer.Layer<never> = CliOutput.layerPresenter({
  present: (event) =>
    event._tag === "InvalidInvocation"
      ? Effect.sync(() => {
          for (const { message } of event.errors) process.stderr.write(`${message.trim()}\n`)
          process.stderr.write(`See ${event.commandPath.join(" ")} --help\n`)
        })
      : CliOutput.defaultPresenter.present(event),
})
