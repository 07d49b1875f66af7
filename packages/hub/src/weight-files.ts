/** Where the weights of a component are: one file, or an index that names the shards. */
export interface WeightFiles {
  readonly kind: "file" | "index"
  readonly names: ReadonlyArray<string>
}

// The engine's order of preference: a half-precision variant only where there is nothing else.
const patterns: ReadonlyArray<readonly [WeightFiles["kind"], RegExp]> = [
  ["file", /^(diffusion_pytorch_model|model)\.safetensors$/],
  ["index", /^(diffusion_pytorch_model|model)\.safetensors\.index\.json$/],
  ["file", /^(diffusion_pytorch_model|model)\.fp16\.safetensors$/],
  ["index", /^(diffusion_pytorch_model|model)(\.fp16)?\.safetensors\.index(\.fp16)?\.json$/],
]

/** Finds the weights among the names of a component's files; more than one name means that it is unclear which to use. */
export const findWeightFiles = (files: Iterable<string>): WeightFiles | undefined => {
  const all = [...files]
  for (const [kind, pattern] of patterns) {
    const names = all.filter((name) => pattern.test(name))
    if (names.length > 0) return { kind, names }
  }
  return undefined
}

/** The shard of each tensor in a `.safetensors.index.json`; a string says what is wrong with it. */
export const readWeightMap = (index: Readonly<Record<string, unknown>>): ReadonlyMap<string, string> | string => {
  const map = index["weight_map"]
  if (typeof map !== "object" || map === null || Array.isArray(map) || Object.keys(map).length === 0) {
    return 'has no "weight_map" from tensor names to files'
  }
  const entries = Object.entries(map as Record<string, unknown>)
  for (const [tensor, shard] of entries) {
    // A path could lead out of the model's folder.
    if (typeof shard !== "string" || !/^[\w-][\w.-]*\.safetensors$/.test(shard)) {
      return `gives the tensor "${tensor}" the file ${JSON.stringify(shard)}, which is no name of a .safetensors file`
    }
  }
  return new Map(entries as Array<[string, string]>)
}
