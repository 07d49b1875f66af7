import { RequestError } from "@auteur/core"
import {
  type AttentionCache,
  firstBlockCache,
  pyramidAttentionBroadcast,
  type StepCache,
  teaCache,
  teaEstimate,
  type TransformerConfig,
} from "@auteur/dit"

export const cacheNames = ["first-block", "tea", "pyramid"] as const
export type CacheName = (typeof cacheNames)[number]

/** What is reused from step to step: one of the caches that are known by name, or a cache of one's own. */
export type CacheOptions =
  | {
      readonly name: CacheName
      /** How much may change before the network is run again; for `pyramid`, how many steps share one attention. Default {@link defaultThresholds}. */
      readonly threshold?: number | undefined
    }
  | StepCache
  | AttentionCache

/** What each cache does without a threshold. */
export const defaultThresholds: Readonly<Record<CacheName, number>> = { "first-block": 0.1, tea: 0.1, pyramid: 2 }

/** The cache of a model; throws a {@link RequestError} for a threshold that it cannot have. */
export const cacheOf = (options: CacheOptions, transformer: TransformerConfig): StepCache | AttentionCache => {
  if ("kind" in options) return options
  const { name, threshold = defaultThresholds[name] } = options
  const isLegal =
    name === "pyramid" ? Number.isSafeInteger(threshold) && threshold >= 1 : threshold >= 0 && threshold < Infinity
  if (!isLegal) {
    throw new RequestError({
      message: `The cache "${name}" cannot have the threshold ${threshold}: give ${name === "pyramid" ? "a whole number of at least 1" : "a number of at least 0"}.`,
    })
  }
  switch (name) {
    case "first-block":
      return firstBlockCache({ threshold })
    case "tea":
      return teaCache({ threshold, ...teaEstimate(transformer) })
    case "pyramid":
      return pyramidAttentionBroadcast({ every: threshold })
  }
}

/** How a video's record names a cache. */
export const cacheRecord = (
  options: CacheOptions | undefined,
): { readonly cache?: string; readonly cacheThreshold?: number } => {
  if (options === undefined) return {}
  if ("kind" in options) return { cache: options.name }
  return { cache: options.name, cacheThreshold: options.threshold ?? defaultThresholds[options.name] }
}

/** The cache that {@link cacheRecord} names; throws a {@link RequestError} for one that is not known by name. */
export const cacheFromRecord = ({
  cache,
  cacheThreshold,
}: {
  readonly cache?: string | undefined
  readonly cacheThreshold?: number | undefined
}): CacheOptions | undefined => {
  if (cache === undefined) return undefined
  const name = cacheNames.find((name) => name === cache)
  if (name !== undefined) return { name, threshold: cacheThreshold }
  throw new RequestError({
    message: `The video was made with the cache "${cache}", which is none of ${cacheNames.join(", ")}: choose one of them, or none.`,
  })
}
