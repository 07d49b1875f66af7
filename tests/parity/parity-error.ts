import type * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"

type Fields = { readonly message: typeof Schema.String }

const ParityErrorBase: Schema.Class<
  ParityError,
  Schema.TaggedStruct<"ParityError", Fields>,
  Cause.YieldableError
> = Schema.TaggedError<ParityError>()("ParityError", { message: Schema.String })

/** A case that cannot be run: one sentence that names the file and what was expected of it. */
export class ParityError extends ParityErrorBase {}
