import type * as Cause from "effect/Cause"
import * as Data from "effect/Data"
import * as Schema from "effect/Schema"

/** The kind of obstacle that kept a model from being fetched, for programs; people read the message. */
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
  /** The server sent something else than it had announced. */
  | "damaged"
  /** The disk is full or may not be written to. */
  | "disk"
  /** The repository holds no model that can be run. */
  | "unsupported"

type Fields = {
  readonly reason: Schema.Literals<ReadonlyArray<HubErrorReason>>
  /** One sentence for a person: the thing, what was expected, and how to fix it. */
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

/** A model that could not be fetched from Hugging Face: says what stood in the way and how to fix it. */
export class HubError extends HubErrorBase {}

interface TransferFields {
  readonly reason: HubErrorReason
  readonly message: string
  /** Milliseconds that the server asks to wait. */
  readonly retryAfter?: number
  /** The server has not answered anything yet: that hardly changes in the seconds of further tries. */
  readonly isUnreached?: boolean
}

const TransferFaultBase: new (
  fields: TransferFields,
) => Cause.YieldableError & TransferFields & { readonly _tag: "TransferFault" } = Data.TaggedError("TransferFault")

/** A failure that may pass: tried again a bounded number of times, then told as a `HubError`. */
export class TransferFault extends TransferFaultBase {
  toHubError(): HubError {
    return new HubError({ reason: this.reason, message: this.message })
  }
}

/** Says why the cache cannot be read or written, and how to fix it. */
export const toDiskError = (cache: string, cause: unknown): HubError => {
  const { code, message } = cause as NodeJS.ErrnoException
  // A fault of this program is not one of the disk.
  if (code === undefined) throw cause
  return new HubError({ reason: "disk", message: `${explain(code, cache)}.`, cause: message })
}

const explain = (code: string, cache: string): string => {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return `The disk of the model cache ${cache} is full: free some space or set HF_HUB_CACHE to a folder on another disk, then continue with the same command`
    case "EFBIG":
      return `The disk of the model cache ${cache} takes no file of this size: set HF_HUB_CACHE to a folder on another disk`
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `The model cache ${cache} may not be written to: change its permissions or set HF_HUB_CACHE to another folder`
    case "ENOTDIR":
    case "EEXIST":
      return `The model cache ${cache} cannot be a folder, because a file is in its way: move the file or set HF_HUB_CACHE to another folder`
    default:
      return `The model cache ${cache} cannot be read or written (${code}): check the disk or set HF_HUB_CACHE to another folder`
  }
}
