import * as Schema from "effect/Schema"

/** T, which makes a table as long: it ends far above the 1000 that models are trained on. */
export const TrainedTimesteps: typeof Schema.Int = Schema.Int.check(
  Schema.isGreaterThanOrEqualTo(1),
  Schema.isLessThanOrEqualTo(100_000),
)
