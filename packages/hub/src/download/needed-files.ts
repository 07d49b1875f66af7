import { tokenizerFiles, weightedComponents } from "../folder/components.ts"
import { adapterConfigOf, chooseLora } from "../folder/lora-file.ts"
import { chooseWeights, readWeightMap } from "../folder/weight-files.ts"

type Paths = ReadonlySet<string>

/** The kind of thing that a repository holds; a string says why it cannot be used. */
export type Content =
  | {
      /** `components` are those of a model without its `model_index.json`: they are used with a base model. */
      readonly kind: "model" | "components"
      /** The folders of the components, "" for the repository itself. */
      readonly folders: ReadonlyArray<string>
    }
  | { readonly kind: "lora"; readonly paths: ReadonlyArray<string> }
  | string

/** Tells by the paths of its files what a repository holds; `file` is the LoRA that is meant, where one is named. */
export const contentOf = (paths: Paths, file: string | undefined): Content => {
  if (file !== undefined) return paths.has(file) ? loraContent(paths, file) : `has no ${file}`
  if (paths.has("model_index.json")) return { kind: "model", folders: weightedComponents }
  const folders = ["", ...weightedComponents].filter(
    (folder) => paths.has(below(folder, "config.json")) && chooseWeights(namesIn(paths, folder)) !== undefined,
  )
  const [lora, ...others] = chooseLora(namesIn(paths, ""))
  if (folders.length === 0 && lora !== undefined && others.length === 0) return loraContent(paths, lora)
  // With all of them it is a whole model that has lost its index.
  if (folders.length > 0 && folders.length < weightedComponents.length) return { kind: "components", folders }
  const loras = [...paths].filter((path) => path.endsWith(".safetensors")).toSorted()
  if (folders.length > 0 || loras.length === 0)
    return "has no model_index.json, so it is not a model in the layout of diffusers"
  return `holds no model but the files ${shown(loras)}: if one of them is the LoRA that you want, add it to the name, as in ORG/NAME/${loras[0]}`
}

const loraContent = (paths: Paths, file: string): Content => {
  const config = adapterConfigOf(file)
  return { kind: "lora", paths: config !== undefined && paths.has(config) ? [file, config] : [file] }
}

const shown = (names: ReadonlyArray<string>): string =>
  names.length <= 5 ? names.join(", ") : `${names.slice(0, 5).join(", ")} and ${names.length - 5} more`

const below = (folder: string, name: string): string => (folder === "" ? name : `${folder}/${name}`)

const namesIn = (paths: Paths, folder: string): ReadonlyArray<string> =>
  [...paths]
    .filter((path) => folder === "" || path.startsWith(`${folder}/`))
    .map((path) => (folder === "" ? path : path.slice(folder.length + 1)))
    .filter((name) => !name.includes("/"))

/** The configs, the tokenizer and the indexes of shards: all that must be read to know which weights are needed. */
export const neededConfigs = (
  paths: Paths,
  { kind, folders }: Exclude<Content, string | { kind: "lora" }>,
): ReadonlyArray<string> | string => {
  const needed = folders.map((folder) => below(folder, "config.json"))
  if (kind === "model") {
    const tokenizer = tokenizerFiles.filter((name) => paths.has(`tokenizer/${name}`))
    if (!tokenizer.includes("spiece.model") && !tokenizer.includes("tokenizer.json")) {
      return "has neither tokenizer/spiece.model nor tokenizer/tokenizer.json"
    }
    needed.push("scheduler/scheduler_config.json", ...tokenizer.map((name) => `tokenizer/${name}`))
  }
  for (const folder of folders) {
    const names = namesIn(paths, folder)
    const weights = chooseWeights(names)
    if (weights === undefined) return `has no weights in the safetensors format in its folder ${folder}`
    if (weights.kind === "several")
      return `has several sets of weights in its folder ${folder} (${weights.names.join(", ")})`
    if (weights.kind === "index") needed.push(below(folder, weights.name))
  }
  return needed
}

/** The weights of the folders; `readIndex` gives the JSON of an index that {@link neededConfigs} named. */
export const neededWeights = (
  paths: Paths,
  folders: ReadonlyArray<string>,
  indexes: ReadonlyMap<string, Readonly<Record<string, unknown>>>,
): ReadonlyArray<string> | string => {
  const needed: Array<string> = []
  for (const folder of folders) {
    const weights = chooseWeights(namesIn(paths, folder))
    if (weights === undefined || weights.kind === "several") continue
    const path = below(folder, weights.name)
    if (weights.kind === "file") {
      needed.push(path)
      continue
    }
    const map = readWeightMap(indexes.get(path) ?? {})
    if (typeof map === "string") return `has an index ${path} that ${map}`
    needed.push(...[...new Set(map.values())].map((shard) => below(folder, shard)))
  }
  return needed
}
