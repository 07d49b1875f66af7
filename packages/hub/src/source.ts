import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type { HubError, TransferFault } from "./hub-error.ts"
import type { Repository } from "./repository.ts"
import type { Settings } from "./settings.ts"

/** A repository on a server, and how patient to be with the server. */
export interface Source extends Settings {
  readonly repository: Repository
  /** Tries after the first that brings nothing new. */
  readonly retries: number
  /** Milliseconds before the second try; doubled before each further one, at most 20 seconds. */
  readonly firstDelay: number
  /** Milliseconds without a byte after which the server counts as gone. */
  readonly stall: number
  /** Says why the server does not give out something (status 401, 403 or 404), and the mend. */
  readonly refusal: (status: number, code: string | null, what: string) => HubError
}

/** Tries again what may pass, waiting longer each time or as long as the server asks. */
export const retrying =
  ({ retries, firstDelay }: Source) =>
  <A>(attempt: Effect.Effect<A, HubError | TransferFault>): Effect.Effect<A, HubError> =>
    attempt.pipe(
      Effect.retry(($) =>
        $(Schedule.min([Schedule.exponential(firstDelay), Schedule.spaced("20 seconds")])).pipe(
          Schedule.jittered,
          Schedule.upTo({ times: retries }),
          Schedule.while(({ input }) => input._tag === "TransferFault"),
          Schedule.modifyDelay(({ input, duration }) =>
            Effect.succeed(
              input._tag === "TransferFault" && input.retryAfter !== undefined
                ? Duration.millis(input.retryAfter)
                : duration,
            ),
          ),
        ),
      ),
      Effect.catchTag("TransferFault", (fault) => Effect.fail(fault.toHubError())),
    )
