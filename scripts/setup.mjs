// Installs the dependencies when they are missing, so that `npm start` and `npm test` work on a fresh clone.
// Plain JavaScript without imports from the repo: it must run on whatever Node comes with npm.
import { spawnSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"

const inRoot = (path) => fileURLToPath(new URL(`../${path}`, import.meta.url))
const [major, minor] = process.versions.node.split(".").map(Number)

/** Whether the Node that runs this can run auteur. */
export const isRecentEnough = major > 22 || (major === 22 && minor >= 19)

const npm = inRoot("node_modules/.package-lock.json")
const bun = inRoot("bun.lock")
const deno = inRoot("node_modules/.deno/.setup-cache.bin")

/** The files that npm, Bun and Deno write at the end of an installation: without one, an interrupted installation is done again. */
export const installations = () =>
  [npm, bun, deno].filter((path) => existsSync(path) && existsSync(inRoot("node_modules/onnxruntime-node")))

// Deno leaves out the package that brings a newer Node.
const isUsable = (path) => path !== deno || isRecentEnough

if (!installations().some(isUsable)) {
  process.stderr.write("Installing dependencies (once)…\n")
  const { status } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
    cwd: inRoot(""),
    stdio: ["ignore", 2, 2],
    shell: process.platform === "win32",
  })
  if (status !== 0) {
    process.stderr.write("The dependencies could not be installed: run `npm ci` to see why.\n")
    process.exit(1)
  }
}

const system = process.platform === "win32" ? "win" : process.platform
const program = process.platform === "win32" ? "node.exe" : "node"

/** The Node that was installed with the dependencies; not every machine has one. */
export const installedNode = ["node", "node-bin"]
  .map((name) => inRoot(`node_modules/${name}-${system}-${process.arch}/bin/${program}`))
  .find((path) => existsSync(path))
