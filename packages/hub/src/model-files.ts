import type { Listing, RemoteFile } from "./remote-files.ts"
import { tokenizerFiles, weightedComponents } from "./known-classes.ts"
import { findWeightFiles, readWeightMap } from "./weight-files.ts"

/** What is to be fetched of a repository; a string says why it holds no model that can be run. */
export type Needed = ReadonlyArray<RemoteFile> | string

const childrenOf = (listing: Listing, folder: string): ReadonlyArray<string> =>
  [...listing.files.keys()].filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1))

/** The configs, the tokenizer and the indexes of shards: what must be read to know which weights are needed. */
export const neededConfigs = (listing: Listing): Needed => {
  const paths = ["scheduler/scheduler_config.json", ...weightedComponents.map((name) => `${name}/config.json`)]
  const tokenizer = tokenizerFiles.filter((name) => listing.files.has(`tokenizer/${name}`))
  if (!tokenizer.includes("spiece.model") && !tokenizer.includes("tokenizer.json")) {
    return "has neither tokenizer/spiece.model nor tokenizer/tokenizer.json"
  }
  for (const component of weightedComponents) {
    const weights = findWeightFiles(childrenOf(listing, component))
    if (weights === undefined) return `has no weights in the safetensors format in its folder ${component}`
    if (weights.kind === "index") paths.push(`${component}/${weights.names[0]}`)
  }
  return pick(listing, [...paths, ...tokenizer.map((name) => `tokenizer/${name}`)])
}

/** The weights; `readIndex` gives the JSON of an index that {@link neededConfigs} named. */
export const neededWeights = (
  listing: Listing,
  indexes: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): Needed => {
  const paths: Array<string> = []
  for (const component of weightedComponents) {
    const weights = findWeightFiles(childrenOf(listing, component))!
    const path = `${component}/${weights.names[0]}`
    if (weights.kind === "file") {
      paths.push(path)
      continue
    }
    const map = readWeightMap(indexes.get(path)!)
    if (typeof map === "string") return `has an index ${path} that ${map}`
    paths.push(...[...new Set(map.values())].map((shard) => `${component}/${shard}`))
  }
  return pick(listing, paths)
}

const pick = (listing: Listing, paths: ReadonlyArray<string>): Needed => {
  const missing = paths.find((path) => !listing.files.has(path))
  return missing === undefined ? paths.map((path) => listing.files.get(path)!) : `has no ${missing}`
}
