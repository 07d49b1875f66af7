import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { RequestError } from "../services/errors.ts"
import type { StartKind } from "./video-request.ts"

/** A part that only some starts need; a {@link RequestError} when it is not there. */
export const startComponent = <Id, Part>(
  key: Context.Key<Id, Part>,
  start: StartKind,
  kind: string,
): Effect.Effect<Part, RequestError> =>
  Effect.flatMap(
    Effect.serviceOption(key),
    Option.match({
      onSome: Effect.succeed,
      onNone: () =>
        Effect.fail(new RequestError({ message: `The start "${start}" needs an ${kind}: provide the layer of one.` })),
    }),
  )
