import { readFile, stat } from "node:fs/promises"
import { basename, join, resolve } from "node:path"
import { ModelError } from "@auteur/core"
import * as Effect from "effect/Effect"
import { repositoryOfSnapshot } from "./cache.ts"
import { tokenizerFiles, unknownClasses } from "./known-classes.ts"
import { readJson, unreadable } from "./read-json.ts"

/** A diffusers-layout checkpoint folder: its configs read, its weights found but not opened. */
export interface ModelFolder {
  /** The folder's own name, or `org/name` in the Hugging Face cache: videos and checkpoints carry it. */
  readonly name: string
  readonly path: string
  /** The pipeline class that saved it, such as `CogVideoXPipeline`. */
  readonly pipeline: string
  readonly transformer: Component
  readonly vae: Component
  readonly textEncoder: Component
  readonly scheduler: Readonly<Record<string, unknown>>
  /** The tokenizer's files that are there, by name. */
  readonly tokenizer: Readonly<Record<string, Uint8Array>>
}

export interface Component {
  /** The folder with the component's config and weights. */
  readonly path: string
  readonly config: Readonly<Record<string, unknown>>
}

/** Reads a model folder's configs and checks that it is one that can be run. */
export const openModelFolder: (path: string) => Effect.Effect<ModelFolder, ModelError> = Effect.fnUntraced(
  function* (given) {
    const path = resolve(given)
    yield* checkIsFolder(path)
    const index = yield* readJson(join(path, "model_index.json"))
    const [problem] = unknownClasses(path, index)
    if (problem !== undefined) return yield* new ModelError({ message: problem })
    const component = Effect.fnUntraced(function* (name: string) {
      const folder = join(path, name)
      return { path: folder, config: yield* readJson(join(folder, "config.json")) }
    })
    const folder: ModelFolder = {
      name: repositoryOfSnapshot(path) ?? basename(path),
      path,
      pipeline: String(index["_class_name"]),
      transformer: yield* component("transformer"),
      vae: yield* component("vae"),
      textEncoder: yield* component("text_encoder"),
      scheduler: yield* readJson(join(path, "scheduler", "scheduler_config.json")),
      tokenizer: yield* readTokenizerFiles(join(path, "tokenizer")),
    }
    return folder
  },
)

/** Refuses a path at which there is no folder with a `model_index.json`. */
export const checkIsFolder: (path: string) => Effect.Effect<void, ModelError> = Effect.fnUntraced(function* (path) {
  const stats = yield* Effect.tryPromise({
    try: () => stat(path),
    catch: () => new ModelError({ message: `There is no model folder at ${path}: check the path.` }),
  })
  if (!stats.isDirectory()) {
    return yield* new ModelError({ message: `${path} is a file, but a model is a folder with a model_index.json.` })
  }
  yield* Effect.tryPromise({
    try: () => stat(join(path, "model_index.json")),
    catch: () =>
      new ModelError({
        message: `${path} is no model folder: it has no model_index.json, as a folder in the layout of diffusers does.`,
      }),
  })
})

const readTokenizerFiles = Effect.fnUntraced(function* (folder: string) {
  const files: Record<string, Uint8Array> = {}
  for (const name of tokenizerFiles) {
    const path = join(folder, name)
    const bytes = yield* Effect.tryPromise({
      try: async () => {
        try {
          return await readFile(path)
        } catch (cause) {
          if ((cause as NodeJS.ErrnoException).code === "ENOENT") return undefined
          throw cause
        }
      },
      catch: (cause) => new ModelError({ message: unreadable(path, cause as NodeJS.ErrnoException) }),
    })
    if (bytes !== undefined) files[name] = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }
  if (files["spiece.model"] === undefined && files["tokenizer.json"] === undefined) {
    return yield* new ModelError({
      message: `${folder} has neither spiece.model nor tokenizer.json: the model folder is incomplete, download it again.`,
    })
  }
  return files
})
