import { lstat, stat } from "node:fs/promises"
import { basename, dirname, join, resolve } from "node:path"
import { ModelError } from "@auteur/core"
import * as Effect from "effect/Effect"
import { repositoryOfSnapshot } from "../cache/hub-cache.ts"
import {
  classOf,
  componentOf,
  tokenizerFiles,
  unknownClasses,
  type WeightedComponent,
  weightedComponents,
} from "./components.ts"
import { quantizationOfConfig, refuseQuantized } from "./quantization.ts"
import { attempt, parseJson, readBytes, readJson } from "./read-file.ts"
import { type WeightFiles, weightsIn } from "./weight-files.ts"

type Json = Readonly<Record<string, unknown>>

/** A checkpoint folder in the layout of diffusers: its configs read, its weights found but not opened. */
export interface ModelFolder {
  /** The folder's own name, or `org/name` in the Hugging Face cache: videos and checkpoints carry it. */
  readonly name: string
  readonly path: string
  /** The pipeline class that saved it, such as `CogVideoXPipeline`. */
  readonly pipeline: string
  readonly transformer: Component
  readonly vae: Component
  readonly textEncoder: Component
  readonly scheduler: Json
  /** The tokenizer's files that are there, by name. */
  readonly tokenizer: Readonly<Record<string, Uint8Array>>
  /** Every file that is used: its path by its name in a whole model, such as `vae/config.json`. */
  readonly files: ReadonlyMap<string, string>
  /** Sentences about what in the folder is not used, though it looks as if it were meant. */
  readonly notices: ReadonlyArray<string>
}

export interface Component {
  /** The folder with the component's config and weights. */
  readonly path: string
  readonly config: Json
  readonly weights: WeightFiles
}

export interface ModelFolderOptions {
  /** The folder of a whole model, for a folder that holds only some components, such as a transformer that was trained further. */
  readonly base?: string | undefined
}

/** Reads a model folder and checks that it is one that can be run; fails with the first of its {@link checkModel} problems. */
export const openModelFolder: (path: string, options?: ModelFolderOptions) => Effect.Effect<ModelFolder, ModelError> =
  Effect.fnUntraced(function* (path, options = {}) {
    const { folder, problems } = yield* attempt(() => inspect(resolve(path), options.base))
    return folder ?? (yield* new ModelError({ message: problems[0]! }))
  })

/**
 * Says everything that is wrong with a model folder, one sentence each, without running it: configs that are missing or
 * of unknown classes, weights that are missing, quantized, cut off or not those that the index lists. Nothing when it is whole.
 */
export const checkModel = (path: string, options: ModelFolderOptions = {}): Effect.Effect<ReadonlyArray<string>> =>
  attempt(() => inspect(resolve(path), options.base)).pipe(
    Effect.match({ onSuccess: ({ problems }) => problems, onFailure: ({ message }) => [message] }),
  )

interface Inspected {
  readonly problems: ReadonlyArray<string>
  /** There is one where there are no problems. */
  readonly folder: ModelFolder | undefined
}

const inspect = async (path: string, base: string | undefined): Promise<Inspected> => {
  const problems: Array<string> = []
  const files = new Map<string, string>()
  const folderOf = await findFolders(path, base)
  /** The outcome of some work; nothing, and one problem more, where it fails. */
  const collect = async <A>(work: () => Promise<A>): Promise<A | undefined> => {
    try {
      return await work()
    } catch (cause) {
      if (!(cause instanceof ModelError)) throw cause
      problems.push(cause.message)
      return undefined
    }
  }
  const read: Read = (folder, name, reader) => {
    const file = join(folderOf(folder), name)
    files.set(folder === "" ? name : `${folder}/${name}`, file)
    return collect(() => reader(file))
  }

  const index = await read("", "model_index.json", readJson)
  if (index !== undefined) problems.push(...unknownClasses(path, index))
  const configs = new Map<WeightedComponent, Json | undefined>()
  for (const name of weightedComponents) {
    configs.set(name, await read(name, "config.json", (path) => readConfig(path, index?.[name])))
  }
  const scheduler = await read("scheduler", "scheduler_config.json", readScheduler)
  const tokenizer = await readTokenizer(folderOf("tokenizer"), read, problems)

  const notices: Array<string> = []
  const component = async (name: WeightedComponent): Promise<Component | undefined> => {
    const folder = folderOf(name)
    const weights = await collect(() => weightsIn(folder))
    const config = configs.get(name)
    if (config === undefined || weights === undefined) return undefined
    for (const file of [weights.source, ...weights.files]) files.set(`${name}/${basename(file)}`, file)
    if (weights.notice !== undefined) notices.push(weights.notice)
    return { path: folder, config, weights }
  }
  const [transformer, vae, textEncoder] = [
    await component("transformer"),
    await component("vae"),
    await component("text_encoder"),
  ]
  if (problems.length > 0 || !index || !scheduler || !transformer || !vae || !textEncoder) {
    return { problems, folder: undefined }
  }
  const name = repositoryOfSnapshot(path) ?? basename(path)
  const pipeline = String(index["_class_name"])
  const folder = { name, path, pipeline, transformer, vae, textEncoder, scheduler, tokenizer, files, notices }
  return { problems, folder }
}

/** Reads a file of a folder of the model, and keeps it among those that are used. */
type Read = <A>(folder: string, name: string, reader: (path: string) => Promise<A>) => Promise<A | undefined>

const readConfig = async (path: string, entry: unknown): Promise<Json> => {
  const config = await readJson(path)
  const [own, listed] = [classOf(config), Array.isArray(entry) ? entry[1] : undefined]
  if (own !== undefined && typeof listed === "string" && own !== listed) {
    throw new ModelError({
      message: `${path} describes ${own}, but model_index.json says ${listed}: one of them is from another model.`,
    })
  }
  refuseQuantized(dirname(path), quantizationOfConfig(config))
  return config
}

const readScheduler = async (path: string): Promise<Json> => {
  const config = await readJson(path)
  if (typeof config["_class_name"] === "string") return config
  throw new ModelError({ message: `${path} does not name its class in "_class_name": download it again.` })
}

const readTokenizer = async (
  folder: string,
  read: Read,
  problems: Array<string>,
): Promise<Readonly<Record<string, Uint8Array>>> => {
  const found: Record<string, Uint8Array> = {}
  let hasVocabulary = false
  for (const name of tokenizerFiles) {
    if (!(await exists(join(folder, name)))) continue
    hasVocabulary ||= name === "spiece.model" || name === "tokenizer.json"
    const bytes = await read("tokenizer", name, async (path) => {
      const bytes = await readBytes(path)
      if (name === "tokenizer.json") parseJson(path, bytes)
      return bytes
    })
    if (bytes !== undefined) found[name] = bytes
  }
  if (!hasVocabulary) {
    problems.push(
      `${folder} has neither spiece.model nor tokenizer.json: the model folder is incomplete, download it again.`,
    )
  }
  return found
}

/** Finds the folder of each component, and under "" that of the model's own files; those that a folder lacks are its base's. */
const findFolders = async (path: string, base: string | undefined): Promise<(name: string) => string> => {
  if (await isWhole(path)) {
    if (base === undefined) return (name) => join(path, name)
    throw new ModelError({ message: `${path} is a whole model: leave out the base model ${base}.` })
  }
  const own = await componentsIn(path)
  if (own.size === 0) {
    const isLora =
      (await exists(join(path, "adapter_config.json"))) ||
      (await exists(join(path, "pytorch_lora_weights.safetensors")))
    const problem = isLora
      ? "it holds a LoRA, which is added to a model with --lora"
      : "it has no model_index.json, as a folder in the layout of diffusers does"
    throw new ModelError({ message: `${path} is not a model folder: ${problem}.` })
  }
  if (base === undefined) {
    throw new ModelError({
      message: `${path} holds only the ${[...own.keys()].join(", ")} of a model: name the model that it was trained from as its base (--base-model).`,
    })
  }
  if (!(await isWhole(base))) {
    throw new ModelError({ message: `The base model ${base} is not a whole model: it has no model_index.json.` })
  }
  return (name) => own.get(name) ?? join(base, name)
}

/** Whether a folder holds components, but not a whole model: it needs a base model. */
export const isPartialModel = async (path: string): Promise<boolean> =>
  !(await isWhole(path)) && (await componentsIn(path)).size > 0

/** Whether a folder has a `model_index.json`; rejects where there is no folder. */
const isWhole = async (path: string): Promise<boolean> => {
  const info = await stat(path).catch(() => undefined)
  if (info === undefined) throw new ModelError({ message: `There is no model folder at ${path}: check the path.` })
  if (info.isDirectory()) return exists(join(path, "model_index.json"))
  throw new ModelError({ message: `${path} is a file, but a model is a folder with a model_index.json.` })
}

/** The folders of a model that has no `model_index.json`: those of its components, or it is a component itself. */
const componentsIn = async (path: string): Promise<ReadonlyMap<string, string>> => {
  const found = new Map<string, string>()
  for (const name of weightedComponents) {
    if (await exists(join(path, name, "config.json"))) found.set(name, join(path, name))
  }
  const config = join(path, "config.json")
  const itself = (await exists(config)) ? componentOf(await readJson(config)) : undefined
  if (itself !== undefined) found.set(itself, path)
  if (found.size === 0) return found
  for (const name of ["scheduler", "tokenizer"]) {
    if (await exists(join(path, name))) found.set(name, join(path, name))
  }
  return found
}

/** Whether there is anything of this name, also a link that leads nowhere: reading it says what is wrong. */
const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  )
