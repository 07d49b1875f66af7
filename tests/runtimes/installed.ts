import { createRequire } from "node:module"
import { dirname, join } from "node:path"

const require = createRequire(import.meta.url)

/** The program in a package that holds one for this machine alone, as npm installed it. */
const programIn = (name: string, path: string): string => {
  const ending = process.platform === "win32" ? ".exe" : ""
  return join(dirname(require.resolve(`${name}/package.json`)), path + ending)
}

const system = process.platform === "win32" ? "windows" : process.platform
const libc = process.platform === "linux" ? "-glibc" : ""

/** A JavaScript runtime of this repository: how to run a program on it. */
export interface InstalledRuntime {
  readonly name: "Node" | "Bun" | "Deno"
  readonly program: string
  /** What stands before the path of a TypeScript file. */
  readonly before: ReadonlyArray<string>
}

export const node: InstalledRuntime = { name: "Node", program: process.execPath, before: [] }
export const bun: InstalledRuntime = {
  name: "Bun",
  program: programIn(`@oven/bun-${system}-${process.arch === "arm64" ? "aarch64" : process.arch}`, "bin/bun"),
  before: ["run"],
}
export const deno: InstalledRuntime = {
  name: "Deno",
  program: programIn(`@deno/${process.platform}-${process.arch}${libc}`, "deno"),
  before: ["run", "--no-prompt", "--no-lock", "--node-modules-dir=manual"],
}

/** What auteur asks of Deno to make a video of the bundled model: `docs/runtimes.md` tells the same. */
export const denoPermissions = ({
  reads,
  writes,
  addon,
}: {
  readonly reads: ReadonlyArray<string>
  readonly writes: ReadonlyArray<string>
  /** The folder of onnxruntime-node. */
  readonly addon: string
}): ReadonlyArray<string> => [
  `--allow-read=${[...reads, "/sys/devices/system/cpu"].join()}`,
  `--allow-write=${writes.join()}`,
  `--allow-ffi=${addon}`,
  "--allow-sys=systemMemoryInfo,uid",
]
