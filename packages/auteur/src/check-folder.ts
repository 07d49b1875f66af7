import type { ModelError } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { checkModel, resolveModel } from "@auteur/hub"
import * as Effect from "effect/Effect"
import { loadModel, type ModelOptions } from "./load-model.ts"

export interface CheckedModel {
  readonly path: string
  /** What is wrong with it, one sentence each: none when it can be run. */
  readonly problems: ReadonlyArray<string>
}

/** Checks a model without running it: its files, its configs, and that each tensor is there in the shape that the configs say. */
export const checkFolder: (
  nameOrPath: string,
  options?: Pick<ModelOptions, "baseModel">,
) => Effect.Effect<CheckedModel, ModelError> = Effect.fnUntraced(function* (nameOrPath, { baseModel } = {}) {
  const path = yield* resolveModel(nameOrPath)
  const base = baseModel === undefined ? undefined : yield* resolveModel(baseModel)
  const problems = yield* checkModel(path, { base })
  return { path, problems: problems.length > 0 ? problems : yield* checkComponents(path, base) }
})

const checkComponents = (path: string, baseModel: string | undefined): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const { checks } = yield* loadModel(path, { baseModel })
    const problems = yield* Effect.forEach(checks, (check) =>
      Effect.match(check, { onSuccess: () => [], onFailure: ({ message }) => [message] }),
    )
    return [...new Set(problems.flat())]
  }).pipe(
    Effect.provide(engineLayer()),
    Effect.catch(({ message }) => Effect.succeed([message])),
  )
