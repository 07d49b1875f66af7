import { readdir, stat } from "node:fs/promises"
import { basename, dirname, join, posix } from "node:path"
import { ModelError } from "@auteur/core"
import type * as Effect from "effect/Effect"
import { readReference, snapshotFolder } from "../cache/hub-cache.ts"
import { formatRepository, parseRepository, parseRepositoryFile } from "../cache/repository.ts"
import { cacheFolder, type Environment } from "../cache/settings.ts"
import { attempt, openRegular, readJson, unreadable } from "./read-file.ts"

/** A LoRA on disk. */
export interface LoraFile {
  readonly path: string
  /** PEFT's `adapter_config.json`, where the file is PEFT's: it says by what the layers are scaled. */
  readonly config: Readonly<Record<string, unknown>> | undefined
}

/** The names that diffusers and PEFT give a LoRA in a folder. */
const [diffusersName, peftName] = ["pytorch_lora_weights.safetensors", "adapter_model.safetensors"]
const configName = "adapter_config.json"

/**
 * Finds a LoRA given by its file, by a folder that holds it, or as `org/name` or `org/name/FILE.safetensors` of one that has been
 * fetched from Hugging Face. Nothing is fetched.
 *
 * A `ModelError` says which files there are, or how to fetch what is not there; a pickled file is refused, as reading one can run code.
 */
export const findLora = (
  nameOrPath: string,
  options: { readonly env?: Environment } = {},
): Effect.Effect<LoraFile, ModelError> =>
  attempt(async () => {
    const place = await locate(nameOrPath, options.env ?? process.env)
    const path = (await stat(place)).isDirectory() ? await chooseFile(place) : place
    if (isPickle(path)) throw pickled(path)
    await (await openRegular(path)).close()
    return { path, config: await readConfig(path) }
  })

/** Chooses the file of a LoRA among names in one folder; several where it is unclear which is meant, none where there is none. */
export const chooseLora = (names: Iterable<string>): ReadonlyArray<string> => {
  const files = [...names].filter((name) => /^[^.].*\.safetensors$/.test(name)).toSorted()
  const usual = [diffusersName, peftName].find((name) => files.includes(name))
  return usual === undefined ? files : [usual]
}

/** The config that belongs to a LoRA's file, by its path, where there is one: diffusers writes none. */
export const adapterConfigOf = (path: string): string | undefined =>
  posix.basename(path) === diffusersName ? undefined : posix.join(posix.dirname(path), configName)

const locate = async (given: string, env: Environment): Promise<string> => {
  const code = await stat(given).then(
    () => undefined,
    (cause: NodeJS.ErrnoException) => cause.code,
  )
  if (code === undefined) return given
  if (code !== "ENOENT" && code !== "ENOTDIR") throw unreadable(given, Object.assign(new Error(given), { code }))
  const named = parseRepositoryFile(given)
  const repository = named?.repository ?? parseRepository(given)
  if (repository === undefined || (named === undefined && given.endsWith(".safetensors"))) {
    throw new ModelError({ message: `${given} does not exist: check the path.` })
  }
  const cache = cacheFolder(env)
  const commit = await readReference(cache, repository).catch((cause: unknown) => {
    throw unreadable(cache, cause)
  })
  const folder = commit === undefined ? undefined : snapshotFolder(cache, repository.id, commit)
  const path = folder === undefined ? undefined : join(folder, ...(named?.file.split("/") ?? []))
  if (path !== undefined && (await stat(path).catch(() => undefined)) !== undefined) return path
  const name = formatRepository(repository, named?.file)
  throw new ModelError({
    message: `There is no LoRA ${JSON.stringify(given)}: it is neither a file or folder here nor among what was fetched. Fetch it with \`auteur models pull ${name}\`, or check the path.`,
  })
}

const chooseFile = async (folder: string): Promise<string> => {
  const all = await readdir(folder).catch((cause: unknown) => {
    throw unreadable(folder, cause)
  })
  const names = all.filter((name) => !name.startsWith("."))
  const files = chooseLora(names)
  if (files.length === 1) return join(folder, files[0]!)
  if (files.length > 1) {
    throw new ModelError({
      message: `The folder ${folder} holds several LoRA files (${files.join(", ")}): name one of them.`,
    })
  }
  const pickle = names.toSorted().find(isPickle)
  if (pickle !== undefined) throw pickled(join(folder, pickle))
  throw new ModelError({ message: `The folder ${folder} holds no LoRA: a file ${diffusersName} is expected in it.` })
}

const isPickle = (name: string): boolean => /\.(bin|pt|pth|ckpt)$/.test(name)

const pickled = (path: string): ModelError =>
  new ModelError({
    message: `The LoRA ${path} is in a format that can run code when it is read: save it as safetensors, as \`save_lora_weights\` of diffusers does by default.`,
  })

/** PEFT writes the config beside its file; one that was given another name counts where it is the only one. */
const readConfig = async (path: string): Promise<LoraFile["config"]> => {
  const [folder, name] = [dirname(path), basename(path)]
  if (name === diffusersName) return undefined
  const names = await readdir(folder).catch((): Array<string> => [])
  if (!names.includes(configName) || (name !== peftName && chooseLora(names).join() !== name)) return undefined
  return readJson(join(folder, configName))
}
