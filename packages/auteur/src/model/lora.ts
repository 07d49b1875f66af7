import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { stat } from "node:fs/promises"
import { ModelError } from "@auteur/core"
import { type Lora, loraNotices } from "@auteur/dit"
import { openWeights } from "@auteur/engine/node"
import { findLora, type LoraFile } from "@auteur/hub"
import * as Effect from "effect/Effect"

/** A LoRA to add to the transformer. */
export interface LoraOptions {
  /**
   * A `.safetensors` file or a folder that holds one, as diffusers, PEFT, kohya's scripts, ComfyUI and DiffSynth write them; or `org/name`
   * or `org/name/FILE.safetensors` of one that has been fetched from Hugging Face.
   */
  readonly path: string
  /** How much of it is added; default 1. */
  readonly weight?: number | undefined
  /** Refuses a file with another SHA-256: for a video that is to come out as it did before. */
  readonly hash?: string | undefined
}

/** A LoRA whose file is found, under the path that it was given by. */
export interface LoadedLora extends Lora {
  readonly path: string
  /** The SHA-256 of the file, with its config where it has one, in hexadecimal. */
  readonly hash: Effect.Effect<string, ModelError>
  /** The same for the same weight of the same contents. */
  readonly key: string
  /** Sentences about what of it is not used or not known. */
  readonly notices: ReadonlyArray<string>
}

/** Finds a LoRA and checks that it is the one that is meant; whether it fits the transformer is seen when that is opened. */
export const loadLora: (options: LoraOptions) => Effect.Effect<LoadedLora, ModelError> = Effect.fnUntraced(function* ({
  path,
  weight = 1,
  hash: expected,
}) {
  const file = yield* findLora(path)
  const lora = { weights: yield* openWeights([file.path]), weight, config: file.config }
  const { size, mtimeMs } = yield* Effect.tryPromise({
    try: () => stat(file.path),
    catch: (cause) => unreadable(path, cause),
  })
  const contents = `${file.path} ${size} ${mtimeMs}`
  const hash = hashes.get(contents) ?? (yield* Effect.cached(hashFile(file)))
  hashes.set(contents, hash)
  if (expected !== undefined && expected !== (yield* hash)) {
    return yield* new ModelError({
      message: `The LoRA ${path} is not the one that made the video before, though its path is the same: name one with --lora, and the video will be another.`,
    })
  }
  return { ...lora, path, hash, key: `${contents} ${weight}`, notices: loraNotices(lora) }
})

const hashFile = ({ path, config }: LoraFile): Effect.Effect<string, ModelError> =>
  Effect.tryPromise({
    try: async () => {
      const hash = createHash("sha256")
      for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array)
      if (config !== undefined) hash.update(JSON.stringify(config))
      return hash.digest("hex")
    },
    catch: (cause) => unreadable(path, cause),
  })

/** Files are hashed once, however many requests name them. */
const hashes = new Map<string, Effect.Effect<string, ModelError>>()

const unreadable = (path: string, cause: unknown): ModelError =>
  new ModelError({ message: `The LoRA ${path} cannot be read: ${(cause as Error).message}.`, cause })

/** The name of a model in messages and checkpoints, with its LoRA files and its cache, so that no other continues its videos. */
export const nameWith = (
  model: string,
  loras: ReadonlyArray<LoadedLora>,
  cache: { readonly name: string } | undefined,
): string => {
  const names = loras.map(({ path, weight }) => `${path.split(/[/\\]+/).findLast(Boolean)}:${weight}`)
  return [model, ...names, ...(cache === undefined ? [] : [`cache ${cache.name}`])].join(" + ")
}
