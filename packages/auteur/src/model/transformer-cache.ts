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

/** The caches of the transformer that are known by name. */
export const cacheNames = ["first-block", "tea", "pyramid"] as const
export type CacheName = (typeof cacheNames)[number]

/** The cache of a run, by name or itself. */
export interface CacheChoice {
  /** One of {@link cacheNames}, a cache of one's own, or `none`. */
  readonly cache?: CacheName | "none" | StepCache | AttentionCache | undefined
  /** How much may change before a named cache computes anew; for `pyramid`, how many steps share one attention. */
  readonly cacheThreshold?: number | undefined
}

/** The threshold that each cache has without `cacheThreshold`. */
export const defaultThresholds: Readonly<Record<CacheName, number>> = { "first-block": 0.1, tea: 0.1, pyramid: 2 }

/** The cache that is chosen; throws a {@link RequestError} for a name or a threshold that it cannot have. */
export const cacheOf = (
  { cache, cacheThreshold }: CacheChoice,
  transformer: TransformerConfig,
): StepCache | AttentionCache | undefined => {
  if (typeof cache === "object") return cache
  if (cache === undefined || cache === "none") {
    if (cacheThreshold === undefined) return undefined
    throw new RequestError({
      message: `cacheThreshold is ${cacheThreshold}, but no cache is named: set cache to one of ${cacheNames.join(", ")}.`,
    })
  }
  if (!cacheNames.includes(cache)) {
    throw new RequestError({
      message: `There is no cache "${cache}"; choose one of ${cacheNames.join(", ")}, or none.`,
    })
  }
  const threshold = cacheThreshold ?? defaultThresholds[cache]
  const isLegal =
    cache === "pyramid" ? Number.isSafeInteger(threshold) && threshold >= 1 : threshold >= 0 && threshold < Infinity
  if (!isLegal) {
    throw new RequestError({
      message: `The cache "${cache}" cannot have the threshold ${threshold}: give ${cache === "pyramid" ? "a whole number of at least 1" : "a number of at least 0"}.`,
    })
  }
  switch (cache) {
    case "first-block":
      return firstBlockCache({ threshold })
    case "tea":
      return teaCache({ threshold, ...teaEstimate(transformer) })
    case "pyramid":
      return pyramidAttentionBroadcast({ every: threshold })
  }
}

/** The choice as a video's metadata holds it, with the threshold written out. */
export const cacheRecord = ({
  cache,
  cacheThreshold,
}: CacheChoice): { readonly cache?: string; readonly cacheThreshold?: number } => {
  if (cache === undefined || cache === "none") return {}
  if (typeof cache === "object") return { cache: cache.name }
  return { cache, cacheThreshold: cacheThreshold ?? defaultThresholds[cache] }
}

/** The choice that {@link cacheRecord} wrote; throws a {@link RequestError} for a cache that is not known by name. */
export const cacheFromRecord = ({
  cache,
  cacheThreshold,
}: {
  readonly cache?: string | undefined
  readonly cacheThreshold?: number | undefined
}): CacheChoice => {
  if (cache === undefined) return {}
  const name = cacheNames.find((name) => name === cache)
  if (name !== undefined) return { cache: name, cacheThreshold }
  throw new RequestError({
    message: `The video was made with the cache "${cache}", which is not one of ${cacheNames.join(", ")}: choose one of them, or none.`,
  })
}
