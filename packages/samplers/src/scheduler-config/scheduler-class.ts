import { decodeConfig } from "@auteur/core/decode-config"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"

export type DiffusionSamplerName = "ddim" | "dpm" | "ddpm"
export type FlowSamplerName = "flow-euler" | "flow-heun" | "unipc"
export type SamplerName = DiffusionSamplerName | FlowSamplerName

/** A scheduler class of diffusers, whose configs come to a `Config`. */
export interface SchedulerClass<Config> {
  /** The sampler that the class stands for. */
  readonly sampler: SamplerName
  readonly fields: ReadonlyArray<string>
  /** Reads a config; throws a `ModelError` for an unknown field, and for a value that is not supported. */
  readonly read: (className: string, json: Readonly<Record<string, unknown>>) => Config
}

export const schedulerClass = <Fields extends Schema.Struct.Fields, Config>(
  sampler: SamplerName,
  schema: Schema.Struct<Fields> & Schema.ConstraintDecoder<Schema.Struct<Fields>["Type"]>,
  from: (fields: Schema.Struct<Fields>["Type"]) => Config,
): SchedulerClass<Config> => ({
  sampler,
  fields: Object.keys(schema.fields),
  read: (className, json) => {
    const named = { component: `scheduler ${className}`, source: "scheduler/scheduler_config.json" }
    return from(Result.getOrThrow(decodeConfig(schema, json, named, { unknownFields: "refuse" })))
  },
})
