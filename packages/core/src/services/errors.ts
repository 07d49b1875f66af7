import type * as Cause from "effect/Cause"
import * as Schema from "effect/Schema"

type Fields = {
  /** One sentence for a person: the thing at fault, what was expected, and how to fix it. */
  readonly message: typeof Schema.String
  readonly cause: Schema.optionalKey<Schema.Defect>
}
const fields: Fields = { message: Schema.String, cause: Schema.optionalKey(Schema.Defect()) }

type ErrorClass<Self, Tag extends string> = Schema.Class<Self, Schema.TaggedStruct<Tag, Fields>, Cause.YieldableError>

const ModelErrorBase: ErrorClass<ModelError, "ModelError"> = Schema.TaggedError<ModelError>()("ModelError", fields)
/** A model folder, a config or a checkpoint that cannot be run: names the file or tensor and what was expected. */
export class ModelError extends ModelErrorBase {}

const RequestErrorBase: ErrorClass<RequestError, "RequestError"> = Schema.TaggedError<RequestError>()(
  "RequestError",
  fields,
)
/** A request that the model cannot fulfil: names the setting and the nearest legal values. */
export class RequestError extends RequestErrorBase {}

const EngineErrorBase: ErrorClass<EngineError, "EngineError"> = Schema.TaggedError<EngineError>()("EngineError", fields)
/** The engine could not build or run a graph. */
export class EngineError extends EngineErrorBase {}

const PipelineErrorBase: ErrorClass<PipelineError, "PipelineError"> = Schema.TaggedError<PipelineError>()(
  "PipelineError",
  fields,
)
/** A component of the pipeline that gave something unusable: NaN, a wrong shape, a wrong state. */
export class PipelineError extends PipelineErrorBase {}

const CheckpointErrorBase: ErrorClass<CheckpointError, "CheckpointError"> = Schema.TaggedError<CheckpointError>()(
  "CheckpointError",
  fields,
)
/** A checkpoint that cannot be resumed from: names what is wrong with it. */
export class CheckpointError extends CheckpointErrorBase {}

const PluginErrorBase: ErrorClass<PluginError, "PluginError"> = Schema.TaggedError<PluginError>()("PluginError", fields)
/** A plugin, or a config that names it, that cannot be used: names the plugin or the file, and how to fix it. */
export class PluginError extends PluginErrorBase {}

const MediaErrorBase: ErrorClass<MediaError, "MediaError"> = Schema.TaggedError<MediaError>()("MediaError", fields)
/** A video or image file that cannot be read or written: names the file, and how to fix it. */
export class MediaError extends MediaErrorBase {}
