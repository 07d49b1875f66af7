// `npm run structure` prints how the sources are cut into files and folders.
import { posix } from "node:path"
import { referencesOf } from "./references.ts"
import { type SourceFile, workspaces } from "./source-files.ts"

/** How sources are cut into files and folders. Barrels (`index.ts`) do not count as importers, nor what they export as imported once. */
export interface Structure {
  readonly files: number
  readonly medianLines: number
  readonly longest: { readonly path: string; readonly lines: number }
  /** Files that exactly one other file imports. */
  readonly singleImporters: ReadonlyArray<string>
  readonly largestFolder: { readonly path: string; readonly files: number }
  /** Folders that hold one file and nothing else. */
  readonly singleFileFolders: ReadonlyArray<string>
  /** Files that import each other, be it only for types. */
  readonly circles: ReadonlyArray<ReadonlyArray<string>>
}

const isBarrel = (path: string): boolean => posix.basename(path) === "index.ts"

export const structureOf = (sources: ReadonlyArray<SourceFile>): Structure => {
  const imports = importsOf(sources)
  const importers = new Map(sources.map(({ path }) => [path, new Set<string>()]))
  for (const [path, targets] of imports) for (const target of targets) importers.get(target)!.add(path)
  const bySize = sources
    .map(({ path, text }) => ({ path, lines: text.split("\n").length - 1 }))
    .toSorted((a, b) => a.lines - b.lines)
  const folders = Map.groupBy(sources, ({ path }) => posix.dirname(path))
  const bySources = [...folders]
    .map(([path, { length: files }]) => ({ path, files }))
    .toSorted((a, b) => b.files - a.files)
  const hasFolders = (path: string): boolean => bySources.some((other) => other.path.startsWith(`${path}/`))
  return {
    files: sources.length,
    medianLines: bySize[bySize.length >> 1]!.lines,
    longest: bySize.at(-1)!,
    singleImporters: sources
      .map(({ path }) => path)
      .filter((path) => {
        const found = [...importers.get(path)!]
        return !isBarrel(path) && found.length === 1 && !found.some(isBarrel)
      }),
    largestFolder: bySources[0]!,
    singleFileFolders: bySources
      .filter(({ path, files }) => files === 1 && !hasFolders(path) && posix.basename(path) !== "src")
      .map(({ path }) => path),
    circles: circlesOf(imports),
  }
}

/** Which of the sources each one imports. */
const importsOf = (sources: ReadonlyArray<SourceFile>): ReadonlyMap<string, ReadonlyArray<string>> => {
  const paths = new Set(sources.map(({ path }) => path))
  return new Map(
    sources.map(({ path, text }) => {
      const targets = referencesOf(path, text).modules.map((name) => posix.join(posix.dirname(path), name))
      return [path, [...new Set(targets)].filter((target) => paths.has(target))]
    }),
  )
}

/** The strongly connected components of more than one file, after Tarjan. */
const circlesOf = (imports: ReadonlyMap<string, ReadonlyArray<string>>): ReadonlyArray<ReadonlyArray<string>> => {
  const index = new Map<string, number>()
  const low = new Map<string, number>()
  const stack: Array<string> = []
  const circles: Array<ReadonlyArray<string>> = []
  const visit = (path: string): void => {
    index.set(path, index.size)
    low.set(path, index.get(path)!)
    stack.push(path)
    for (const target of imports.get(path)!) {
      if (!index.has(target)) visit(target)
      if (stack.includes(target)) low.set(path, Math.min(low.get(path)!, low.get(target)!))
    }
    if (low.get(path) !== index.get(path)) return
    const component = stack.splice(stack.indexOf(path))
    if (component.length > 1) circles.push(component)
  }
  for (const path of imports.keys()) if (!index.has(path)) visit(path)
  return circles
}

/** The sources of all packages and apps. */
export const productSources: ReadonlyArray<SourceFile> = workspaces
  .filter(({ folder }) => !folder.startsWith("examples/"))
  .flatMap(({ sources }) => sources)

if (import.meta.main) {
  const { files, medianLines, longest, singleImporters, largestFolder, singleFileFolders, circles } =
    structureOf(productSources)
  console.table({
    files,
    "median lines": medianLines,
    "longest file": `${longest.lines} lines: ${longest.path}`,
    "imported by one file": `${singleImporters.length}, ${Math.round((100 * singleImporters.length) / files)}%`,
    "largest folder": `${largestFolder.files} files: ${largestFolder.path}`,
    "single-file folders": singleFileFolders.length,
    circles: circles.length,
  })
  if (process.argv.includes("--list")) console.log({ singleImporters, singleFileFolders, circles })
}
