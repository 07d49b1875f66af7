import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import { cachedRepositories } from "../cache/hub-cache.ts"
import { publishedModels } from "../cache/known-models.ts"
import { formatRepository, type Repository } from "../cache/repository.ts"
import { type Environment, readSettings, type Settings } from "../cache/settings.ts"
import { HubError, toDiskError, type TransferFault } from "../hub-error.ts"
import { openFetch } from "./proxy.ts"

export interface SourceOptions {
  /** Is told in a sentence what happens besides: a further try, or a token that is not accepted. */
  readonly onNotice?: (sentence: string) => void
  /** In the place of `process.env`: `HF_HOME`, `HF_HUB_CACHE`, `HF_TOKEN`, `HF_ENDPOINT`, `HF_HUB_OFFLINE`, `HTTPS_PROXY` and the like. */
  readonly env?: Environment
  /** Tries after the first that brings nothing new (5), and milliseconds before the second (500, doubled each time). */
  readonly retries?: number
  readonly firstDelay?: number
  /** Milliseconds without a byte after which the server counts as gone (30 000). */
  readonly stall?: number
}

/** A repository on a server, and how patient to be with the server. */
export interface Source extends Settings {
  readonly repository: Repository
  /** The web's `fetch`, through a proxy where one is set. */
  readonly fetch: typeof globalThis.fetch
  /** The variable that names the proxy. */
  readonly proxy: string | undefined
  /** Tries after the first that brings nothing new. */
  readonly retries: number
  /** Milliseconds before the second try; doubled before each further one, at most 20 seconds. */
  readonly firstDelay: number
  /** Milliseconds without a byte after which the server counts as gone. */
  readonly stall: number
  /** Names that may have been meant by one that does not exist. */
  readonly known: ReadonlyArray<string>
  readonly onNotice: (sentence: string) => void
  readonly state: {
    /** The server has answered something. */
    isReached: boolean
    /** The server does not accept the token: it is asked without one. */
    isTokenRefused: boolean
  }
}

/** Reads the settings of the environment for the work on a repository. */
export const openSource: (
  repository: Repository,
  options: SourceOptions,
) => Effect.Effect<Source, HubError, Scope.Scope> = Effect.fnUntraced(function* (repository, options) {
  const env = options.env ?? process.env
  const settings = yield* readSettings(env)
  if (settings.offline) {
    return yield* new HubError({
      reason: "offline",
      message: `HF_HUB_OFFLINE is set, so ${formatRepository(repository)} is not fetched: unset it, or use a model that is on disk.`,
    })
  }
  const cached = yield* disk(settings, () => cachedRepositories(settings.cache))
  return {
    ...settings,
    ...(yield* openFetch(env)),
    repository,
    retries: options.retries ?? 5,
    firstDelay: options.firstDelay ?? 500,
    stall: options.stall ?? 30_000,
    known: [...publishedModels, ...cached],
    onNotice: options.onNotice ?? (() => {}),
    state: { isReached: false, isTokenRefused: false },
  }
})

/** Work on the cache, whose failure is a sentence about its disk. */
export const disk = <A>({ cache }: { readonly cache: string }, work: () => Promise<A>): Effect.Effect<A, HubError> =>
  Effect.tryPromise({ try: work, catch: (cause) => toDiskError(cache, cause) })

/** Tries again what may pass, waiting longer each time or as long as the server asks. */
export const retrying =
  ({ retries, firstDelay, onNotice }: Source) =>
  <A>(attempt: Effect.Effect<A, HubError | TransferFault>): Effect.Effect<A, HubError> =>
    attempt.pipe(
      Effect.retry(($) =>
        $(Schedule.min([Schedule.exponential(firstDelay), Schedule.spaced("20 seconds")])).pipe(
          Schedule.jittered,
          Schedule.upTo({ times: retries }),
          Schedule.while(
            ({ input, attempt }) =>
              input._tag === "TransferFault" && (input.isUnreached !== true || attempt <= triesUnreached),
          ),
          Schedule.modifyDelay(({ input, duration }) => {
            const delay =
              input._tag === "TransferFault" && input.retryAfter !== undefined
                ? Duration.millis(input.retryAfter)
                : duration
            const seconds = Duration.toSeconds(delay)
            return Effect.as(
              Effect.sync(() => {
                if (seconds >= 1) onNotice(`${input.message} The next try is in ${seconds.toFixed(0)} s.`)
              }),
              delay,
            )
          }),
        ),
      ),
      Effect.catchTag("TransferFault", (fault) => Effect.fail(fault.toHubError())),
    )

/** Tries after the first where the server has not answered anything. */
const triesUnreached = 2
