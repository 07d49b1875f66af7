import {
  ModelError,
  type NoiseProcess,
  type PredictionType,
  rectifiedFlow,
  RequestError,
  type SamplerShape,
} from "@auteur/core"
import { diffusionClasses, type DiffusionConfig, diffusionOnFlow, diffusionSamplers } from "./diffusion-config.ts"
import { flowClasses, type FlowConfig, flowOnDiffusion, flowSamplers } from "./flow-config.ts"
import type { DiffusionSamplerName, FlowSamplerName, SamplerName, SchedulerClass } from "./scheduler-class.ts"

/** The process that a model was trained on, from its `scheduler/scheduler_config.json`. */
export interface TrainingProcess {
  readonly process: NoiseProcess
  /** The quantity that the network predicts. */
  readonly prediction: PredictionType
}

export interface ConfiguredSampler extends TrainingProcess {
  readonly sampler: SamplerShape
  /** A sentence about each part of the config that has no effect. */
  readonly notices: ReadonlyArray<string>
}

const diffusionNames = Object.keys(diffusionSamplers) as ReadonlyArray<DiffusionSamplerName>
const flowNames = Object.keys(flowSamplers) as ReadonlyArray<FlowSamplerName>

/** The samplers that are known by name: each runs every model. */
export const samplerNames: ReadonlyArray<SamplerName> = [...diffusionNames, ...flowNames]

type Config = DiffusionConfig | FlowConfig

/** The scheduler classes of diffusers that can be run. */
const classes: Readonly<Record<string, SchedulerClass<Config>>> = { ...diffusionClasses, ...flowClasses }
const fieldsOfAll = new Set(Object.values(classes).flatMap(({ fields }) => fields))

interface ReadConfig {
  readonly config: Config
  readonly sampler: SamplerName
  readonly notices: ReadonlyArray<string>
}

/**
 * Reads a scheduler config with the schema of its class. Fields that begin with "_" are the file's own notes. diffusers keeps the fields
 * of another class in a config that was made from that class's, and reads none of them: they become notices. A field of no class may be
 * one of a later version, and is refused.
 */
const readConfig = (json: unknown): ReadConfig => {
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ModelError({
      message: "The scheduler config must be a JSON object, as in scheduler/scheduler_config.json.",
    })
  }
  const className: unknown = (json as Readonly<Record<string, unknown>>)["_class_name"]
  if (typeof className !== "string" || !Object.hasOwn(classes, className)) {
    throw new ModelError({
      message: `The scheduler config's "_class_name" is ${JSON.stringify(className) ?? "not set"}, which is not one of the known classes: ${Object.keys(classes).join(", ")}.`,
    })
  }
  const { sampler, fields, read } = classes[className]!
  const entries = Object.entries(json).filter(([name]) => !name.startsWith("_"))
  const ofAnotherClass = entries.filter(([name]) => !fields.includes(name) && fieldsOfAll.has(name))
  return {
    config: read(className, Object.fromEntries(entries.filter((entry) => !ofAnotherClass.includes(entry)))),
    sampler,
    notices: ofAnotherClass.map(
      ([name, value]) =>
        `The scheduler config sets "${name}" to ${JSON.stringify(value)}, which its class ${className} does not read: it is ignored, as in diffusers.`,
    ),
  }
}

const trainingOf = (config: Config): TrainingProcess => ({
  process: config.kind === "diffusion" ? config.settings.process : rectifiedFlow,
  prediction: config.prediction,
})

const isOneOf = <Name extends string>(names: ReadonlyArray<Name>, name: string): name is Name =>
  (names as ReadonlyArray<string>).includes(name)

const samplerOf = (name: SamplerName, config: Config): SamplerShape =>
  isOneOf(diffusionNames, name)
    ? diffusionSamplers[name](config.kind === "diffusion" ? config.settings : diffusionOnFlow(config.spacing))
    : flowSamplers[name](config.kind === "flow" ? config.settings : flowOnDiffusion(config.settings.process))

/**
 * The sampler that a model's scheduler config names, with the process and prediction of the network.
 *
 * `json` is the content of `scheduler/scheduler_config.json`. Throws a `ModelError` for an unknown class, an unknown field, and a value
 * that is not supported.
 */
export const samplerFromConfig = (json: unknown): ConfiguredSampler => {
  const { sampler, config, notices } = readConfig(json)
  return { sampler: samplerOf(sampler, config), ...trainingOf(config), notices }
}

/** The process and prediction of a model's scheduler config alone; throws like {@link samplerFromConfig}. */
export const trainingProcess = (json: unknown): TrainingProcess => trainingOf(readConfig(json).config)

/**
 * A sampler by its name, for the model with a scheduler config, whichever of the two processes each of them has.
 *
 * Throws a `RequestError` for a name that is not in {@link samplerNames}, and a `ModelError` like {@link samplerFromConfig}.
 */
export const samplerNamed = (name: string, json: unknown): ConfiguredSampler => {
  if (!isOneOf(samplerNames, name)) {
    throw new RequestError({ message: `There is no sampler "${name}"; choose one of ${samplerNames.join(", ")}.` })
  }
  const { config, notices } = readConfig(json)
  return { sampler: samplerOf(name, config), ...trainingOf(config), notices }
}
