import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, realpathSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import type { Manifest } from "../source-files.ts"

const repository = join(import.meta.dirname, "../..")

interface InstalledManifest extends Manifest {
  readonly bin?: string | Readonly<Record<string, string>>
}

/** The nearest `node_modules/NAME` of a folder and those above it, as Node finds it. */
const findPackage = (name: string, from: string): string | undefined => {
  const folder = join(from, "node_modules", name)
  if (existsSync(join(folder, "package.json"))) return folder
  return from === repository ? undefined : findPackage(name, dirname(from))
}

/** Adds a package that is installed in the repository, and all that it depends on, to the folders found. */
const addWithDependencies = (name: string, from: string, found: Map<string, InstalledManifest>): void => {
  const folder = findPackage(name, from)
  // Optional packages of other machines are not installed.
  if (folder === undefined || found.has(folder)) return
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as InstalledManifest
  found.set(folder, manifest)
  const { dependencies, optionalDependencies, peerDependencies } = manifest
  for (const each of Object.keys({ ...dependencies, ...optionalDependencies, ...peerDependencies }))
    addWithDependencies(each, folder, found)
}

/** ONNX Runtime's libraries for other machines are three quarters of all. */
const isForThisMachine = (path: string): boolean => {
  const [, platform, arch] = /napi-v\d+\/([^/]+)(?:\/([^/]+))?/.exec(path.replaceAll(sep, "/")) ?? []
  return (platform ?? process.platform) === process.platform && (arch ?? process.arch) === process.arch
}

/**
 * Copies the dependencies of packages, as this repository has them, into the `node_modules` of a folder: npm takes what it finds there,
 * and so installs the packages themselves without a registry.
 */
export const copyInstalled = (manifests: ReadonlyArray<Manifest>, into: string): void => {
  const ours = new Set(manifests.map(({ name }) => name))
  const found = new Map<string, InstalledManifest>()
  for (const { dependencies, peerDependencies } of manifests)
    for (const name of Object.keys({ ...dependencies, ...peerDependencies }))
      if (!ours.has(name)) addWithDependencies(name, repository, found)

  const links = join(repository, "node_modules/.bin")
  const names = readdirSync(links)
  mkdirSync(join(into, "node_modules/.bin"), { recursive: true })
  for (const [folder, { name, bin = {} }] of found) {
    const filter = (path: string): boolean => !path.startsWith(join(folder, "node_modules")) && isForThisMachine(path)
    cpSync(realpathSync(folder), join(into, relative(repository, folder)), { recursive: true, filter })
    // npm fetches a package again that lacks its link; on Windows there are three of each.
    const programs = typeof bin === "string" ? [name] : Object.keys(bin)
    for (const link of names.filter((link) => programs.includes(link.replace(/\.(cmd|ps1)$/, ""))))
      cpSync(join(links, link), join(into, "node_modules/.bin", link), { verbatimSymlinks: true })
  }
}
