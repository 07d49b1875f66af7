import type { ModelError } from "@auteur/core"
import type { Engine } from "@auteur/engine"
import { layer as engineLayer } from "@auteur/engine/node"
import { checkModel, resolveModel } from "@auteur/hub"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { readModel } from "./load-model.ts"

export interface CheckedModel {
  readonly path: string
  /** Its problems, one sentence each: none when it can be run. */
  readonly problems: ReadonlyArray<string>
}

/** Checks a model without running it: its files, its configs, and that each tensor is there in the shape that the configs say. */
export const checkFolder: (
  nameOrPath: string,
  options?: { readonly baseModel?: string | undefined },
) => Effect.Effect<CheckedModel, ModelError> = Effect.fnUntraced(function* (nameOrPath, { baseModel } = {}) {
  const path = yield* resolveModel(nameOrPath)
  const base = baseModel === undefined ? undefined : yield* resolveModel(baseModel)
  const problems = yield* checkModel(path, { base })
  return { path, problems: problems.length > 0 ? problems : yield* checkComponents(path, base) }
})

const checkComponents = (path: string, baseModel: string | undefined): Effect.Effect<ReadonlyArray<string>> =>
  Effect.gen(function* () {
    const files = yield* readModel(path, baseModel)
    const vae = files.vae({})
    const network = Layer.provide(files.denoiser([], undefined), vae)
    const problems = yield* Effect.forEach([built(files.textEncoder()), built(vae), built(network)], (build) =>
      Effect.match(build, {
        onSuccess: () => [],
        onFailure: ({ message }) => [message],
      }),
    )
    return [...new Set(problems.flat())]
  }).pipe(
    Effect.provide(engineLayer()),
    Effect.catch(({ message }) => Effect.succeed([message])),
  )

const built = <A>(layer: Layer.Layer<A, ModelError, Engine>): Effect.Effect<void, ModelError, Engine> =>
  Effect.scoped(Effect.asVoid(Layer.build(layer)))
