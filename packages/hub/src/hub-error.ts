import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

/** What kept a model from being fetched, for programs; people read the message. */
export type HubErrorReason =
  /** A model's name, revision or a setting that cannot be one. */
  | "name"
  /** `HF_HUB_OFFLINE` is set. */
  | "offline"
  /** A token is missing or has no access. */
  | "unauthorized"
  | "not-found"
  /** The server cannot be reached, breaks off, or asks to come back later. */
  | "unreachable"
  /** What the server sent is not what it had announced. */
  | "damaged"
  /** The disk is full or may not be written to. */
  | "disk"
  /** The repository holds no model that can be run. */
  | "unsupported"

type Fields = {
  readonly reason: Schema.Literals<ReadonlyArray<HubErrorReason>>
  /** One sentence for a person: the offending thing, what was expected, and the mend. */
  readonly message: typeof Schema.String
  readonly cause: Schema.optionalKey<Schema.Defect>
}
const reasons: ReadonlyArray<HubErrorReason> = [
  "name",
  "offline",
  "unauthorized",
  "not-found",
  "unreachable",
  "damaged",
  "disk",
  "unsupported",
]

const HubErrorBase: Schema.Class<
  HubError,
  Schema.TaggedStruct<"HubError", Fields>,
  Cause.YieldableError
> = Schema.TaggedError<HubError>()("HubError", {
  reason: Schema.Literals(reasons),
  message: Schema.String,
  cause: Schema.optionalKey(Schema.Defect()),
})

/** A model that could not be fetched from Hugging Face: says what stood in the way and the mend. */
export class HubError extends HubErrorBase {}

const TransferFaultBase: new (fields: {
  readonly reason: HubErrorReason
  readonly message: string
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter?: number
}) => Cause.YieldableError & {
  readonly _tag: "TransferFault"
  readonly reason: HubErrorReason
  readonly message: string
  readonly retryAfter?: number
} = Data.TaggedError("TransferFault")

/** A failure that may pass: tried again a bounded number of times, then told as a `HubError`. */
export class TransferFault extends TransferFaultBase {
  toHubError(): HubError {
    return new HubError({ reason: this.reason, message: this.message })
  }
}
