// `npm start`: installs and bundles what is missing, then runs the command line in this very process, since each start of Node counts.
// Plain JavaScript: on a fresh clone it runs on whatever Node comes with npm. `bun run start` comes here too, and stays on Bun.
import { spawn } from "node:child_process"
import module from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"
import { installedNode, isRecentEnough } from "./setup.mjs"

const main = new URL("../apps/cli/src/main.ts", import.meta.url)
// `bun run` takes the Node of the machine for scripts, where there is one.
const bun = process.env.npm_config_user_agent?.startsWith("bun/") ? process.env.npm_execpath : undefined

/** Runs a script in another program, which ends when this one does: by the same signal, or by SIGTERM where this one is killed. */
const runOn = (program, script, stdio = "inherit") => {
  const child = spawn(program, [fileURLToPath(script), ...process.argv.slice(2)], { stdio })
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"]
  // On Windows a key reaches both programs, and a signal would be a sudden end.
  const forward = process.platform === "win32" ? () => {} : (signal) => child.kill(signal)
  for (const signal of signals) process.on(signal, forward)
  child.on("error", (error) => {
    process.stderr.write(`${program} cannot be run: ${error.message}.\n`)
    process.exitCode = 1
  })
  child.on("exit", (status, signal) => {
    for (const signal of signals) process.removeAllListeners(signal)
    process.exitCode = status ?? 1
    if (signal !== null) process.kill(process.pid, signal)
    if (child.connected) child.disconnect()
  })
}

if (process.connected && process.env.AUTEUR_STARTED !== undefined) {
  process.once("disconnect", () => process.kill(process.pid, "SIGTERM"))
  process.channel.unref()
}

if (process.versions.bun !== undefined) {
  await import(main.href)
} else if (bun !== undefined) {
  runOn(bun, main)
} else if (isRecentEnough) {
  module.enableCompileCache?.()
  const { bundle } = await import("./bundle.mjs")
  // Where nothing can be written, as in another person's copy, the sources are as good, only slower.
  const path = await bundle().catch(() => undefined)
  await import(path === undefined ? main.href : pathToFileURL(path).href)
} else if (installedNode !== undefined) {
  process.env.AUTEUR_STARTED = "1"
  runOn(installedNode, import.meta.url, ["inherit", "inherit", "inherit", "ipc"])
} else {
  process.stderr.write(`Node 22.19 or newer is needed, and this is ${process.version}: install it from nodejs.org.\n`)
  process.exitCode = 1
}
