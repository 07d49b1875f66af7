import type * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"

type Fields = {
  readonly tensor: Schema.optionalKey<typeof Schema.String>
  readonly message: typeof Schema.String
}

const SafetensorsErrorBase: Schema.Class<
  SafetensorsError,
  Schema.TaggedStruct<"SafetensorsError", Fields>,
  Cause.YieldableError
> = Schema.TaggedError<SafetensorsError>()("SafetensorsError", {
  tensor: Schema.optionalKey(Schema.String),
  message: Schema.String,
})

/** Bytes that are not a safetensors file, or a tensor that cannot be stored in one; `tensor` names the one at fault. */
export class SafetensorsError extends SafetensorsErrorBase {
  static of(problem: string, tensor?: string): SafetensorsError {
    return tensor === undefined
      ? new SafetensorsError({ message: `The safetensors file ${problem}.` })
      : new SafetensorsError({ tensor, message: `The tensor ${JSON.stringify(tensor)} ${problem}.` })
  }
}
