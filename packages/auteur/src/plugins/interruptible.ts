import { Script } from "node:vm"

const calls = globalThis as { [call]?: () => unknown }
const call = Symbol.for("auteur/plugins/call")
let script: Script | undefined

/** Thrown when a call had to be broken off. */
export class TookTooLong extends Error {}

/**
 * Calls a function of a third party, and breaks it off when it does not return in time: an endless loop would keep even Ctrl-C from
 * being heard.
 *
 * Only code that runs under `node:vm` can be broken off, with all that it calls; so what is run there is nothing but the call.
 */
export const callWithin = <A>(seconds: number, make: () => A): A => {
  script ??= new Script(`globalThis[Symbol.for("auteur/plugins/call")]()`, { filename: "plugin-call" })
  const outer = calls[call]
  calls[call] = make
  try {
    return script.runInThisContext({ timeout: Math.max(1, Math.ceil(seconds * 1000)) }) as A
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException | undefined)?.code !== "ERR_SCRIPT_EXECUTION_TIMEOUT") throw thrown
    throw new TookTooLong(`it did not return within ${seconds} seconds`)
  } finally {
    if (outer === undefined) delete calls[call]
    else calls[call] = outer
  }
}
