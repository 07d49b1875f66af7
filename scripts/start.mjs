// `npm start`: installs and bundles what is missing, then runs the command line in this very process, since each start of Node counts.
// Plain JavaScript: on a fresh clone it runs on whatever Node comes with npm.
import "./setup.mjs"
import { spawnSync } from "node:child_process"
import module from "node:module"
import { fileURLToPath, pathToFileURL } from "node:url"

const [major, minor] = process.versions.node.split(".").map(Number)

if (major > 22 || (major === 22 && minor >= 19)) {
  module.enableCompileCache?.()
  const { bundle } = await import("./bundle.mjs")
  await import(pathToFileURL(await bundle()).href)
} else {
  // The installation has brought a newer Node than the one that npm runs on. A key that stops it is for the newer one.
  process.on("SIGINT", () => {})
  const node = fileURLToPath(new URL("../node_modules/.bin/node", import.meta.url))
  const args = [fileURLToPath(import.meta.url), ...process.argv.slice(2)]
  const { status, signal, error } = spawnSync(node, args, { stdio: "inherit", shell: process.platform === "win32" })
  if (error !== undefined) {
    process.stderr.write(`Node 22.19 or newer is needed, and this is ${process.version}: install it from nodejs.org.\n`)
  }
  process.removeAllListeners("SIGINT")
  if (signal !== null) process.kill(process.pid, signal)
  process.exitCode = status ?? 1
}
