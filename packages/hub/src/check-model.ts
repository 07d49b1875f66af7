import { readdir } from "node:fs/promises"
import { join, resolve } from "node:path"
import type { ModelError } from "@auteur/core"
import * as Effect from "effect/Effect"
import { checkWeights } from "./check-weights.ts"
import { unknownClasses, weightedComponents } from "./known-classes.ts"
import { checkIsFolder } from "./model-folder.ts"
import { readJson } from "./read-json.ts"

/**
 * Says everything that is wrong with a model folder, one sentence each, without running it: configs that are missing or
 * of unknown classes, weights that are missing, cut off or not those that the index lists. Nothing when it is whole.
 */
export const checkModel: (folder: string) => Effect.Effect<ReadonlyArray<string>> = Effect.fnUntraced(
  function* (given) {
    const folder = resolve(given)
    const isFolder = yield* problemsOf(checkIsFolder(folder))
    if (isFolder.length > 0) return isFolder
    const index = yield* Effect.result(readJson(join(folder, "model_index.json")))
    const problems: Array<string> = index._tag === "Failure" ? [index.failure.message] : []
    if (index._tag === "Success") problems.push(...unknownClasses(folder, index.success))

    for (const name of weightedComponents) {
      const path = join(folder, name, "config.json")
      const config = yield* Effect.result(readJson(path))
      if (config._tag === "Failure") problems.push(config.failure.message)
      else if (index._tag === "Success") problems.push(...classMismatch(path, config.success, index.success[name]))
      problems.push(...(yield* checkWeights(join(folder, name))))
    }

    const scheduler = join(folder, "scheduler", "scheduler_config.json")
    const settings = yield* Effect.result(readJson(scheduler))
    if (settings._tag === "Failure") problems.push(settings.failure.message)
    else if (typeof settings.success["_class_name"] !== "string") {
      problems.push(`${scheduler} does not name its class in "_class_name": download it again.`)
    }
    problems.push(...(yield* checkTokenizer(join(folder, "tokenizer"))))
    return problems
  },
)

const problemsOf = <A>(check: Effect.Effect<A, ModelError>): Effect.Effect<ReadonlyArray<string>> =>
  Effect.match(check, { onSuccess: () => [], onFailure: ({ message }) => [message] })

/** Each component says its class itself, too: diffusers as `_class_name`, transformers as `architectures`. */
const classMismatch = (
  path: string,
  config: Readonly<Record<string, unknown>>,
  entry: unknown,
): ReadonlyArray<string> => {
  const architectures = config["architectures"]
  const own = config["_class_name"] ?? (Array.isArray(architectures) ? architectures[0] : undefined)
  const listed = Array.isArray(entry) ? entry[1] : undefined
  if (typeof own !== "string" || typeof listed !== "string" || own === listed) return []
  return [`${path} describes ${own}, but model_index.json says ${listed}: one of them is from another model.`]
}

const checkTokenizer = Effect.fnUntraced(function* (folder: string) {
  const files = yield* Effect.promise(() => readdir(folder).catch((): Array<string> => []))
  if (files.includes("tokenizer.json")) {
    const problems = yield* problemsOf(readJson(join(folder, "tokenizer.json")))
    if (problems.length > 0) return problems
  }
  if (files.includes("spiece.model") || files.includes("tokenizer.json")) return []
  return [`${folder} has neither spiece.model nor tokenizer.json: the model folder is incomplete, download it again.`]
})
