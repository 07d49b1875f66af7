// Makes one file of the command line's sources: loading a thousand modules takes longer than a small video.
import { createHash } from "node:crypto"
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs"
import { dirname, isAbsolute, join } from "node:path"
import { fileURLToPath } from "node:url"
import { installations } from "./setup.mjs"

const root = fileURLToPath(new URL("..", import.meta.url))
// The bundled models are found by a path from the module, so a bundle lies as deep below the root as the sources do.
const cache = join(root, "node_modules", ".cache")
const prefix = "auteur-"

const entries = {
  main: "apps/cli/src/main.ts",
  // Threads are started from files beside the module that starts them.
  worker: "packages/engine/src/node/worker.ts",
  "coder-worker": "packages/media/src/coder-worker.ts",
}

/** The path of the bundle of the sources as they are now; it is made when there is none yet. */
export const bundle = async () => {
  const folder = join(cache, `${prefix}${keyOfSources()}`)
  if (!existsSync(folder)) await build(folder)
  return join(folder, "bundle", "main.js")
}

const keyOfSources = () => {
  const hash = createHash("sha1")
  const add = (path) => {
    const { mtimeMs, size } = statSync(path)
    hash.update(`${path} ${mtimeMs} ${size}\n`)
  }
  const packages = ["packages", "apps"].flatMap((group) =>
    readdirSync(join(root, group)).map((name) => join(root, group, name)),
  )
  for (const path of packages) {
    if (!existsSync(join(path, "package.json"))) continue
    add(join(path, "package.json"))
    for (const name of readdirSync(join(path, "src"), { recursive: true }).toSorted()) {
      if (name.endsWith(".ts") && !name.endsWith(".test.ts")) add(join(path, "src", name))
    }
  }
  installations().forEach(add)
  add(fileURLToPath(import.meta.url))
  return hash.digest("hex").slice(0, 16)
}

/** Our sources and Effect are put together; packages with native code or WebAssembly stay where they are. */
const isExternal = (id) =>
  !/^(\.|fast-png$|fflate$|iobuffer$|jpeg-js$|omggif$|gifenc$|@auteur\/|auteur(\/|$)|effect\/|@effect\/)/.test(id) &&
  !isAbsolute(id)

const build = async (folder) => {
  const { rolldown } = await import("rolldown")
  const input = Object.fromEntries(Object.entries(entries).map(([name, path]) => [name, join(root, path)]))
  const built = await rolldown({ input, platform: "node", external: isExternal, cwd: root, logLevel: "warn" })
  const { output } = await built.generate({
    format: "esm",
    entryFileNames: "[name].js",
    chunkFileNames: "[name]-[hash].js",
  })
  await built.close()
  // Elsewhere first, so that a process that starts now sees all of it or nothing.
  const unfinished = `${folder}.${process.pid}`
  for (const { fileName, code, source } of output) {
    const path = join(unfinished, "bundle", fileName)
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, code ?? source)
  }
  try {
    renameSync(unfinished, folder)
  } catch (cause) {
    rmSync(unfinished, { recursive: true, force: true })
    if (!existsSync(folder)) throw cause
  }
  removeOld(folder)
}

const day = 24 * 60 * 60 * 1000

/** Those of a day ago are used by nobody any more. */
const removeOld = (present) => {
  const now = Date.now()
  utimesSync(present, now / 1000, now / 1000)
  for (const name of readdirSync(cache)) {
    const path = join(cache, name)
    if (name.startsWith(prefix) && path !== present && now - statSync(path).mtimeMs > day) {
      rmSync(path, { recursive: true, force: true })
    }
  }
}
