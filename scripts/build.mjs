// `npm run build`: makes of each package in `packages/`, and of the command line, the package that is published, in its folder `dist`:
// JavaScript with types in `lib`, a manifest that names no workspace, the licence, and the bundled models in the one that opens them.
import { execFileSync } from "node:child_process"
import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

const root = fileURLToPath(new URL("..", import.meta.url))
const compiled = join(root, "node_modules", ".cache", "published")
const compiler = join(root, "node_modules", "typescript", "bin", "tsc")

const readManifest = (folder) => JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"))
const folders = [...readdirSync(join(root, "packages")).map((name) => `packages/${name}`), "apps/cli"]
const withModels = "packages/hub"
const manifests = new Map(folders.map((folder) => [folder, readManifest(folder)]))
const versions = new Map([...manifests.values()].map(({ name, version }) => [name, version]))

/** `./src/index.ts` → `./lib/index.js`. */
const builtPath = (source, ending = ".js") => source.replace(/^\.\/src\//, "./lib/").replace(/\.ts$/, ending)

/** `*` is how workspaces name each other; a published package needs the very version that it was tested with. */
const exactVersions = (dependencies = {}) =>
  Object.fromEntries(
    Object.entries(dependencies).map(([name, range]) => [name, range === "*" ? versions.get(name) : range]),
  )

const onlyHere = ["scripts", "private", "devDependencies"]

const publishedManifest = (manifest, files) => ({
  ...Object.fromEntries(Object.entries(manifest).filter(([name]) => !onlyHere.includes(name))),
  ...(manifest.exports && {
    exports: {
      ...Object.fromEntries(
        Object.entries(manifest.exports).map(([name, source]) => [
          name,
          { types: builtPath(source, ".d.ts"), default: builtPath(source) },
        ]),
      ),
      "./package.json": "./package.json",
    },
  }),
  ...(manifest.bin && {
    bin: Object.fromEntries(Object.entries(manifest.bin).map(([name, source]) => [name, builtPath(source).slice(2)])),
  }),
  files,
  sideEffects: false,
  engines: { node: ">=22.19.0" },
  dependencies: exactVersions(manifest.dependencies),
})

/** The compiler leaves the endings of sources in declarations. */
const nameScripts = (folder) => {
  for (const name of readdirSync(folder, { recursive: true })) {
    if (!name.endsWith(".d.ts")) continue
    const path = join(folder, name)
    const text = readFileSync(path, "utf8")
    writeFileSync(path, text.replace(/((?:from|import\() ?"\.{1,2}\/[^"]+)\.ts"/g, '$1.js"'))
  }
}

const publish = (folder) => {
  const output = join(root, folder, "dist")
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output)
  renameSync(join(compiled, folder.split("/")[0], folder, "src"), join(output, "lib"))
  nameScripts(join(output, "lib"))
  const files = ["lib"]
  if (folder === withModels) {
    cpSync(join(root, "models"), join(output, "models"), { recursive: true })
    files.push("models")
  }
  const manifest = publishedManifest(manifests.get(folder), files)
  writeFileSync(join(output, "package.json"), `${JSON.stringify(manifest, null, 2)}\n`)
  cpSync(join(root, "LICENSE"), join(output, "LICENSE"))
  cpSync(join(root, folder, "README.md"), join(output, "README.md"))
}

rmSync(compiled, { recursive: true, force: true })
for (const project of ["tsconfig.build.json", "apps/cli/tsconfig.build.json"]) {
  execFileSync(process.execPath, [compiler, "-p", join(root, project)], { stdio: "inherit" })
}
folders.forEach(publish)
