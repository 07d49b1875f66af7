import type * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"

type Fields = {
  readonly operation: typeof Schema.String
  readonly axis: Schema.optionalKey<typeof Schema.String>
  readonly expected: typeof Schema.String
  readonly found: typeof Schema.String
  readonly message: typeof Schema.String
}

const ShapeErrorBase: Schema.Class<
  ShapeError,
  Schema.TaggedStruct<"ShapeError", Fields>,
  Cause.YieldableError
> = Schema.TaggedError<ShapeError>()("ShapeError", {
  operation: Schema.String,
  axis: Schema.optionalKey(Schema.String),
  expected: Schema.String,
  found: Schema.String,
  message: Schema.String,
})

/** A tensor does not have the axes or sizes that an operation needs; names the operation, the axis, the expected and the found. */
export class ShapeError extends ShapeErrorBase {
  static of(operation: string, expected: string, found: string, axis?: string): ShapeError {
    const place = axis === undefined ? operation : `${operation}, axis "${axis}"`
    const message = `${place}: expected ${expected}, found ${found}.`
    return new ShapeError({ operation, expected, found, message, ...(axis === undefined ? {} : { axis }) })
  }
}
