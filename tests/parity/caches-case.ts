import type { GenerateError } from "@auteur/core"
import { firstBlockCache, pyramidAttentionBroadcast, teaCache } from "@auteur/dit"
import type { Engine } from "@auteur/engine"
import type { ModelOptions } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Predicate from "effect/Predicate"
import type { CaseFolder, Json, Tensors } from "./case-folder.ts"
import { latentsCase, modelOf } from "./latents-case.ts"
import { ParityError } from "./parity-error.ts"
import type { CaseResult } from "./scheduler-case.ts"

/** Runs of a model with caches: `cases` says in words what each is set to; the run `none` has none. */
export const cachesCase: (
  folder: CaseFolder,
  json: Json,
  tensors: Tensors,
) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError | GenerateError, Engine> = (folder, json, tensors) =>
  latentsCase(modelOf(folder, json), json, tensors, (name) => {
    const words = Predicate.isObject(json["cases"]) ? (json["cases"] as Json)[name] : undefined
    const cache = name === "none" ? undefined : cacheIn(String(words))
    if (name === "none" || cache !== undefined) return Effect.succeed({ cache })
    return Effect.fail(new ParityError({ message: `The case "${name}" of case.json is not of a cache that is known.` }))
  })

/** `threshold 0.9` is first-block cache, `estimated change 4, polynomial 8 -2 1 0` TeaCache over the timestep's vector, `every 2nd, timesteps 100 to 800` pyramid attention broadcast. */
const cacheIn = (words: string): ModelOptions["cache"] => {
  const threshold = /^threshold ([\d.]+)$/.exec(words)
  if (threshold !== null) return firstBlockCache({ threshold: Number(threshold[1]) })
  const [, change, polynomial] = /^estimated change ([\d.]+), polynomial ([-\d. ]+)$/.exec(words) ?? []
  if (polynomial !== undefined) {
    const coefficients = polynomial.split(" ").map(Number)
    return teaCache({ threshold: Number(change), signal: "timestep-embedding", coefficients })
  }
  const [, every, low, high] = /^every (\d+)(?:st|nd|rd|th), timesteps (\d+) to (\d+)$/.exec(words) ?? []
  if (every === undefined) return undefined
  return pyramidAttentionBroadcast({ every: Number(every), timesteps: [Number(low), Number(high)] })
}
