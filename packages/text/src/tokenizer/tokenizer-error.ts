import type * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"

const TokenizerErrorBase: Schema.Class<
  TokenizerError,
  Schema.TaggedStruct<"TokenizerError", { readonly message: typeof Schema.String }>,
  Cause.YieldableError
> = Schema.TaggedError<TokenizerError>()("TokenizerError", { message: Schema.String })

/** A tokenizer file that cannot be read, or a text that cannot be tokenised: names the file and the offending part. */
export class TokenizerError extends TokenizerErrorBase {}
