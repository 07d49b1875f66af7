import { execFile } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"
import { isBuiltin } from "node:module"
import { delimiter, join } from "node:path"
import { promisify } from "node:util"
import { checkPackage, createPackageFromTarballData } from "@arethetypeswrong/core"
import { problemAffectsResolutionKind } from "@arethetypeswrong/core/problems"
import { publint } from "publint"
import { formatMessage } from "publint/utils"
import { packageOf } from "../import-rules.ts"
import { referencesOf } from "../references.ts"
import type { Manifest } from "../source-files.ts"

const repository = join(import.meta.dirname, "../..")
const run = promisify(execFile)

/** A package as npm would publish it. */
export interface Packed {
  readonly name: string
  /** The folder that it was packed from. */
  readonly folder: string
  readonly manifest: Manifest
  readonly tarball: string
}

/** Runs a program as a user does in a folder, with the Node of this repository, and npm without a registry and all that it has cached. */
export const runIn = (
  cwd: string,
  program: string,
  args: ReadonlyArray<string>,
): Promise<{ readonly stdout: string; readonly stderr: string }> => {
  const path = `${join(repository, "node_modules/.bin")}${delimiter}${process.env["PATH"]}`
  const npm = { npm_config_offline: "true", npm_config_cache: join(cwd, ".npm") }
  return run(program, args, { cwd, env: { ...process.env, ...npm, PATH: path }, shell: process.platform === "win32" })
}

/** Builds all packages of the repository and packs them, with others, into a folder. */
export const packAll = async (into: string, others: ReadonlyArray<string>): Promise<ReadonlyArray<Packed>> => {
  await run(process.execPath, [join(repository, "scripts/build.mjs")])
  const built = readdirSync(join(repository, "packages")).map((name) => join(repository, "packages", name, "dist"))
  const folders = [...built, join(repository, "apps/cli/dist"), ...others]
  const { stdout } = await runIn(into, "npm", ["pack", "--json", "--pack-destination", into, ...folders])
  const packed = JSON.parse(stdout) as ReadonlyArray<{ readonly name: string; readonly filename: string }>
  return packed.map(({ name, filename }, i) => {
    const folder = folders[i]!
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest
    return { name, folder, manifest, tarball: join(into, filename) }
  })
}

/** What publint finds, as sentences. */
export const publintProblems = async ({ tarball }: Packed): Promise<ReadonlyArray<string>> => {
  const { buffer } = new Uint8Array(readFileSync(tarball))
  const { messages, pkg } = await publint({ pack: { tarball: buffer }, strict: true })
  return messages.map((message) => formatMessage(message, pkg, { color: false }) ?? message.code)
}

/** What is wrong with the types for those who import ES modules, which is the only kind there is. */
export const typeProblems = async ({ tarball }: Packed): Promise<ReadonlyArray<string>> => {
  const result = await checkPackage(createPackageFromTarballData(new Uint8Array(readFileSync(tarball))))
  if (result.types === false) return ["has no types"]
  return result.problems
    .filter((problem) =>
      (["node16-esm", "bundler"] as const).some((kind) => problemAffectsResolutionKind(problem, kind, result)),
    )
    .map((problem) => JSON.stringify(problem))
}

/** The packages that the scripts and types in a folder import or require, in order. */
export const importedPackages = (folder: string): ReadonlyArray<string> => {
  const names = readdirSync(join(folder, "lib"), { recursive: true, encoding: "utf8" })
  const specifiers = names
    .filter((name) => /\.(js|d\.ts)$/.test(name))
    .flatMap((name) => {
      const text = readFileSync(join(folder, "lib", name), "utf8")
      const required = [...text.matchAll(/\brequire(?:\.resolve)?\(["`]([^"`$]+)/g)].map(([, specifier]) => specifier!)
      return [...referencesOf(name, text).modules, ...required]
    })
    .filter((specifier) => !specifier.startsWith(".") && !isBuiltin(specifier))
  return [...new Set(specifiers.map(packageOf))].toSorted()
}
