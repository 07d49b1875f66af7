// `npm start`: installs and bundles what is missing, then runs the command line in this very process, since each start of Node counts.
// Plain JavaScript: on a fresh clone it runs on whatever Node comes with npm. `bun run start` comes here too, and stays on Bun.
import { spawnSync } from "node:child_process"
import module from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"
import { installedNode, isRecentEnough } from "./setup.mjs"

const main = new URL("../apps/cli/src/main.ts", import.meta.url)
// `bun run` takes the Node of the machine for scripts, where there is one.
const bun = process.env.npm_config_user_agent?.startsWith("bun/") ? process.env.npm_execpath : undefined

const runOn = (program, script) => {
  // A key that stops it is for the other program.
  process.on("SIGINT", () => {})
  const args = [fileURLToPath(script), ...process.argv.slice(2)]
  const { status, signal, error } = spawnSync(program, args, { stdio: "inherit" })
  process.removeAllListeners("SIGINT")
  if (error !== undefined) process.stderr.write(`${program} cannot be run: ${error.message}.\n`)
  if (signal !== null) process.kill(process.pid, signal)
  process.exitCode = status ?? 1
}

if (process.versions.bun !== undefined) {
  await import(main.href)
} else if (bun !== undefined) {
  runOn(bun, main)
} else if (isRecentEnough) {
  module.enableCompileCache?.()
  const { bundle } = await import("./bundle.mjs")
  await import(pathToFileURL(await bundle()).href)
} else if (installedNode !== undefined) {
  runOn(installedNode, import.meta.url)
} else {
  process.stderr.write(`Node 22.19 or newer is needed, and this is ${process.version}: install it from nodejs.org.\n`)
  process.exitCode = 1
}
