import {
  ModelError,
  type NoiseProcess,
  type PredictionType,
  rectifiedFlow,
  RequestError,
  type SamplerShape,
} from "@auteur/core"
import { ddim } from "./ddim.ts"
import { ddpm, type DdpmSettings } from "./ddpm.ts"
import { cogVideoXConfig, ddimConfig, ddpmConfig, type DiffusionConfig } from "./diffusion-config.ts"
import { dpmSolver } from "./dpm-solver.ts"
import {
  flowEulerConfig,
  flowHeunConfig,
  type FlowConfig,
  type FlowSamplerSettings,
  uniPcConfig,
} from "./flow-config.ts"
import { flowEuler } from "./flow-euler.ts"
import { flowHeun } from "./flow-heun.ts"
import { diffusionOnFlow, flowOnDiffusion } from "./other-process.ts"
import { uniPc } from "./unipc.ts"

/** What a model's `scheduler/scheduler_config.json` says about its training. */
export interface TrainingProcess {
  readonly process: NoiseProcess
  /** What the network answers with. */
  readonly prediction: PredictionType
}

export interface ConfiguredSampler extends TrainingProcess {
  readonly sampler: SamplerShape
}

type DiffusionSamplerName = "ddim" | "dpm" | "ddpm"
type FlowSamplerName = "flow-euler" | "flow-heun" | "unipc"
export type SamplerName = DiffusionSamplerName | FlowSamplerName

const diffusionSamplers: Readonly<Record<DiffusionSamplerName, (settings: DdpmSettings) => SamplerShape>> = {
  ddim,
  dpm: dpmSolver,
  ddpm,
}
const flowSamplers: Readonly<Record<FlowSamplerName, (settings: FlowSamplerSettings) => SamplerShape>> = {
  "flow-euler": flowEuler,
  "flow-heun": flowHeun,
  unipc: (settings) => uniPc({ ...settings, grid: settings.uniPcGrid }),
}

const diffusionNames = Object.keys(diffusionSamplers) as ReadonlyArray<DiffusionSamplerName>
const flowNames = Object.keys(flowSamplers) as ReadonlyArray<FlowSamplerName>

/** The names that {@link samplerNamed} knows. */
export const samplerNames: ReadonlyArray<SamplerName> = [...diffusionNames, ...flowNames]

type Config = DiffusionConfig | FlowConfig

/** The scheduler classes of diffusers that are known, with the sampler that each stands for. */
const classes: Readonly<
  Record<string, { sampler: SamplerName; read: (className: string, json: Readonly<Record<string, unknown>>) => Config }>
> = {
  CogVideoXDDIMScheduler: { sampler: "ddim", read: cogVideoXConfig },
  CogVideoXDPMScheduler: { sampler: "dpm", read: cogVideoXConfig },
  DDIMScheduler: { sampler: "ddim", read: ddimConfig },
  DDPMScheduler: { sampler: "ddpm", read: ddpmConfig },
  FlowMatchEulerDiscreteScheduler: { sampler: "flow-euler", read: flowEulerConfig },
  FlowMatchHeunDiscreteScheduler: { sampler: "flow-heun", read: flowHeunConfig },
  UniPCMultistepScheduler: { sampler: "unipc", read: uniPcConfig },
}

interface ReadConfig {
  readonly config: Config
  readonly sampler: SamplerName
}

const readConfig = (json: unknown): ReadConfig => {
  const known = Object.keys(classes).join(", ")
  if (typeof json !== "object" || json === null || Array.isArray(json)) {
    throw new ModelError({
      message: "The scheduler config must be a JSON object, as in scheduler/scheduler_config.json.",
    })
  }
  const fields = json as Readonly<Record<string, unknown>>
  const className = fields["_class_name"]
  if (typeof className !== "string" || !Object.hasOwn(classes, className)) {
    throw new ModelError({
      message: `The scheduler config's "_class_name" is ${JSON.stringify(className) ?? "not set"}, which is not one of the known classes: ${known}.`,
    })
  }
  const { sampler, read } = classes[className]!
  return { config: read(className, fields), sampler }
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
 * The sampler that a model's scheduler config asks for, with the process and prediction of the network.
 *
 * `json` is the contents of `scheduler/scheduler_config.json`. Throws a `ModelError` for a class that is not known and
 * for a field that is unknown or set to what is not supported.
 */
export const samplerFromConfig = (json: unknown): ConfiguredSampler => {
  const { sampler, config } = readConfig(json)
  return { sampler: samplerOf(sampler, config), ...trainingOf(config) }
}

/** The process and prediction of a model's scheduler config alone; throws like {@link samplerFromConfig}. */
export const trainingProcess = (json: unknown): TrainingProcess => trainingOf(readConfig(json).config)

/**
 * A sampler by its name, for the model whose scheduler config is given, be it of the sampler's own process or of the other.
 *
 * Throws a `RequestError` for a name that is not in {@link samplerNames}, and a `ModelError` like {@link samplerFromConfig}.
 */
export const samplerNamed = (name: string, json: unknown): ConfiguredSampler => {
  if (!isOneOf(samplerNames, name)) {
    throw new RequestError({ message: `There is no sampler "${name}"; choose one of ${samplerNames.join(", ")}.` })
  }
  const { config } = readConfig(json)
  return { sampler: samplerOf(name, config), ...trainingOf(config) }
}
