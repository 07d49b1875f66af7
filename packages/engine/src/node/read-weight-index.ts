import { readFile } from "node:fs/promises"
import { basename, dirname, join } from "node:path"
import { ModelError, type StoredTensor } from "@auteur/core"
import * as Predicate from "effect/Predicate"
import { readWeightFile, unreadable } from "./read-weight-file.ts"

/** The tensors of all shards that a `.safetensors.index.json` lists; rejects with a {@link ModelError}. */
export const readWeightIndex = async (path: string): Promise<ReadonlyMap<string, StoredTensor>> => {
  const text = await readFile(path, "utf8").catch((error: unknown) => {
    throw unreadable(path, error)
  })
  const shardOf = parseWeightMap(path, text)
  const shards = [...new Set(shardOf.values())]
  const headers = new Map(
    await Promise.all(
      shards.map(async (shard) => [shard, (await readWeightFile(join(dirname(path), shard))).tensors] as const),
    ),
  )
  const tensors = new Map<string, StoredTensor>()
  for (const [name, shard] of shardOf) {
    const holders = shards.filter((other) => headers.get(other)!.has(name))
    const stored = headers.get(shard)!.get(name)
    if (stored === undefined) {
      throw refuse(path, `says that the tensor "${name}" is in ${shard}, which does not hold it`)
    }
    if (holders.length > 1) throw refuse(path, `belongs to shards that hold "${name}" twice: ${holders.join(" and ")}`)
    tensors.set(name, stored)
  }
  return tensors
}

const refuse = (path: string, problem: string): ModelError =>
  new ModelError({ message: `The index ${path} ${problem}; download the model again.` })

const parseWeightMap = (path: string, text: string): ReadonlyMap<string, string> => {
  let index: unknown
  try {
    index = JSON.parse(text)
  } catch {
    throw refuse(path, "is not JSON")
  }
  const map = Predicate.isObject(index) ? (index as Record<string, unknown>)["weight_map"] : undefined
  if (!Predicate.isObject(map)) throw refuse(path, 'has no "weight_map" from tensor names to files')
  const entries = Object.entries(map)
  for (const [name, shard] of entries) {
    // A path could lead out of the model's folder.
    if (typeof shard !== "string" || basename(shard) !== shard || !shard.endsWith(".safetensors")) {
      throw refuse(
        path,
        `gives the tensor "${name}" the file ${JSON.stringify(shard)}, which is no name of a .safetensors file`,
      )
    }
  }
  const twice = repeatedKey(text)
  if (twice !== undefined && Object.hasOwn(map, twice)) throw refuse(path, `lists the tensor "${twice}" twice`)
  return new Map(entries as Array<[string, string]>)
}

/** `JSON.parse` keeps the last of equal keys and says nothing. */
const repeatedKey = (text: string): string | undefined => {
  const seen = new Set<string>()
  for (const [, key] of text.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g)) {
    if (seen.has(key!)) return key
    seen.add(key!)
  }
  return undefined
}
