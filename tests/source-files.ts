import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"

/** What the rules read of a package.json. */
export interface Manifest {
  readonly name: string
  readonly dependencies?: Readonly<Record<string, string>>
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
}

/** A source file; its path starts at the repository and is written with `/`. */
export interface SourceFile {
  readonly path: string
  readonly text: string
}

/** A workspace under `packages/`, `apps/` or `examples/` with its sources, tests left out. */
export interface Workspace {
  /** Such as `packages/core`. */
  readonly folder: string
  readonly manifest: Manifest
  readonly sources: ReadonlyArray<SourceFile>
}

const repository = dirname(import.meta.dirname)

const filesUnder = (folder: string): Array<SourceFile> =>
  readdirSync(join(repository, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test(-d)?\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({
      path: relative(repository, path).replaceAll(sep, "/"),
      text: readFileSync(path, "utf8"),
    }))

const workspaceAt = (folder: string): Workspace => ({
  folder,
  manifest: JSON.parse(readFileSync(join(repository, folder, "package.json"), "utf8")) as Manifest,
  sources: existsSync(join(repository, folder, "src")) ? filesUnder(`${folder}/src`) : [],
})

/** All packages, apps and examples of this repository. */
export const workspaces: ReadonlyArray<Workspace> = ["packages", "apps", "examples"].flatMap((parent) =>
  readdirSync(join(repository, parent))
    .map((name) => `${parent}/${name}`)
    .filter((folder) => existsSync(join(repository, folder, "package.json")))
    .map(workspaceAt),
)
