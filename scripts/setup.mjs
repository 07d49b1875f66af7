// Installs the dependencies when they are missing, so that `npm start` and `npm test` work on a fresh clone.
// Plain JavaScript without imports from the repo: it must run on whatever Node comes with npm.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))

// npm writes this file last, so an interrupted install is done again.
if (!existsSync(`${root}/node_modules/.package-lock.json`)) {
  process.stderr.write("Installing dependencies (once)…\n")
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: root,
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  })
  if (status !== 0) {
    process.stderr.write("The dependencies could not be installed: run `npm ci` to see why.\n")
    process.exit(1)
  }
}
