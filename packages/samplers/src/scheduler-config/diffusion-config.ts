import { ModelError, type PredictionType, RequestError, type SamplerShape } from "@auteur/core"
import * as Schema from "effect/Schema"
import { ddim } from "../ddim.ts"
import { ddpm, type DdpmSettings } from "../ddpm.ts"
import { dpmSolver } from "../dpm-solver.ts"
import type { SigmaSpacing } from "../sigmas.ts"
import {
  alphasCumprodOf,
  betaSchedule,
  type BetaScheduleOptions,
  betasOf,
  matchedTable,
  type Precision,
  shiftSnr,
  zeroTerminalSnr,
} from "./beta-schedule.ts"
import { type DiffusionSamplerName, type SchedulerClass, schedulerClass } from "./scheduler-class.ts"

/** A scheduler config as the parameters of the samplers of variance-preserving diffusion. */
export interface DiffusionConfig {
  readonly kind: "diffusion"
  readonly settings: DdpmSettings
  readonly prediction: PredictionType
}

/** T, the length of the tables, with a limit far above the 1000 that models are trained on. */
export const TrainedTimesteps: typeof Schema.Int = Schema.Int.check(
  Schema.isGreaterThanOrEqualTo(1),
  Schema.isLessThanOrEqualTo(100_000),
)
const Positive = Schema.Finite.check(Schema.isGreaterThan(0))

const tableFields = {
  num_train_timesteps: Schema.optionalKey(TrainedTimesteps),
  beta_start: Schema.optionalKey(Positive),
  beta_end: Schema.optionalKey(Positive),
  beta_schedule: Schema.optionalKey(Schema.Literals(["linear", "scaled_linear", "squaredcos_cap_v2"])),
  trained_betas: Schema.optionalKey(Schema.NullOr(Schema.Array(Schema.Finite))),
  rescale_betas_zero_snr: Schema.optionalKey(Schema.Boolean),
}

const runFields = {
  clip_sample: Schema.optionalKey(Schema.Boolean),
  clip_sample_range: Schema.optionalKey(Positive),
  steps_offset: Schema.optionalKey(Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))),
  prediction_type: Schema.optionalKey(Schema.Literals(["epsilon", "sample", "v_prediction"])),
  timestep_spacing: Schema.optionalKey(Schema.Literals(["leading", "trailing", "linspace"])),
  // Only thresholding reads these two, and it is refused.
  sample_max_value: Schema.optionalKey(Schema.Finite),
  dynamic_thresholding_ratio: Schema.optionalKey(Schema.Finite),
  thresholding: Schema.optionalKey(Schema.Literal(false)),
}

const setAlphaToOne = { set_alpha_to_one: Schema.optionalKey(Schema.Boolean) }

const CogVideoX = Schema.Struct({
  ...tableFields,
  ...runFields,
  ...setAlphaToOne,
  snr_shift_scale: Schema.optionalKey(Positive),
})
const Ddim = Schema.Struct({ ...tableFields, ...runFields, ...setAlphaToOne })
const Ddpm = Schema.Struct({
  ...tableFields,
  ...runFields,
  variance_type: Schema.optionalKey(Schema.Literals(["fixed_small", "fixed_small_log", "fixed_large"])),
})

type Table = Schema.Struct<typeof tableFields>["Type"]
type Run = Schema.Struct<typeof runFields>["Type"]

/** The defaults of a class. */
type TableDefaults = Pick<BetaScheduleOptions, "name" | "start" | "end">
const ofCogVideoX: TableDefaults = { name: "scaled_linear", start: 0.00085, end: 0.012 }
const ofDiffusion: TableDefaults = { name: "linear", start: 0.0001, end: 0.02 }

const betasFrom = (table: Table, precision: Precision, defaults: TableDefaults): Float64Array => {
  const timesteps = table.num_train_timesteps ?? 1000
  if (table.trained_betas === undefined || table.trained_betas === null) {
    return betaSchedule({
      name: table.beta_schedule ?? defaults.name,
      start: table.beta_start ?? defaults.start,
      end: table.beta_end ?? defaults.end,
      timesteps,
      precision,
    })
  }
  if (table.trained_betas.length !== timesteps) {
    throw new ModelError({
      message: `The scheduler config has ${table.trained_betas.length} trained_betas for ${timesteps} num_train_timesteps: the two must agree.`,
    })
  }
  return Float64Array.from(table.trained_betas, Math.fround)
}

const configOf = (
  run: Run,
  table: Float64Array,
  finalAlphaCumprod: number,
  clip: number | undefined,
): DiffusionConfig => ({
  kind: "diffusion",
  settings: {
    process: { kind: "variance-preserving", alphasCumprod: table },
    spacing: run.timestep_spacing ?? "leading",
    stepsOffset: run.steps_offset ?? 0,
    finalAlphaCumprod,
    clip,
    variance: "fixed_small",
  },
  prediction: run.prediction_type ?? "epsilon",
})

/** CogVideoX's two schedulers do not read `clip_sample`, so neither does this. */
const fromCogVideoX = (config: (typeof CogVideoX)["Type"]): DiffusionConfig => {
  const named = config.beta_schedule ?? ofCogVideoX.name
  const isDouble = named === "scaled_linear" && (config.trained_betas ?? null) === null
  const precision: Precision = isDouble ? "float64" : "float32"
  const betas = betasFrom(config, precision, ofCogVideoX)
  const shifted = shiftSnr(alphasCumprodOf(betas, precision), config.snr_shift_scale ?? 3, precision)
  const table = config.rescale_betas_zero_snr === true ? zeroTerminalSnr(shifted, precision) : shifted
  return configOf(config, table, config.set_alpha_to_one === false ? table[0]! : 1, undefined)
}

/** ᾱ of the schedulers that rescale through β, in float32 like the reference. */
const rescaledTable = (table: Table): Float64Array => {
  const betas = betasFrom(table, "float32", ofDiffusion)
  const alphasCumprod = alphasCumprodOf(betas, "float32")
  return table.rescale_betas_zero_snr === true
    ? alphasCumprodOf(betasOf(zeroTerminalSnr(alphasCumprod, "float32"), "float32"), "float32")
    : alphasCumprod
}

const clipOf = ({ clip_sample, clip_sample_range }: Run): number | undefined =>
  clip_sample === false ? undefined : (clip_sample_range ?? 1)

const fromDdim = (config: (typeof Ddim)["Type"]): DiffusionConfig => {
  const table = rescaledTable(config)
  return configOf(config, table, config.set_alpha_to_one === false ? table[0]! : 1, clipOf(config))
}

const fromDdpm = (config: (typeof Ddpm)["Type"]): DiffusionConfig => {
  const read = configOf(config, rescaledTable(config), 1, clipOf(config))
  return { ...read, settings: { ...read.settings, variance: config.variance_type ?? "fixed_small" } }
}

/** The scheduler classes of diffusion. */
export const diffusionClasses: Readonly<Record<string, SchedulerClass<DiffusionConfig>>> = {
  CogVideoXDDIMScheduler: schedulerClass("ddim", CogVideoX, fromCogVideoX),
  CogVideoXDPMScheduler: schedulerClass("dpm", CogVideoX, fromCogVideoX),
  DDIMScheduler: schedulerClass("ddim", Ddim, fromDdim),
  DDPMScheduler: schedulerClass("ddpm", Ddpm, fromDdpm),
}

/** The samplers of diffusion. */
export const diffusionSamplers: Readonly<Record<DiffusionSamplerName, (settings: DdpmSettings) => SamplerShape>> = {
  ddim,
  dpm: dpmSolver,
  ddpm,
}

/** The parameters with which the samplers of diffusion run a model of rectified flow; a `RequestError` when its timesteps are not 1000 σ. */
export const diffusionOnFlow = (spacing: SigmaSpacing): DdpmSettings => {
  if (spacing.trained !== 1000) {
    throw new RequestError({
      message: `The samplers of diffusion run a model of rectified flow that was trained on 1000 timesteps, but this one's num_train_timesteps is ${spacing.trained}: use flow-euler, flow-heun or unipc.`,
    })
  }
  return {
    process: { kind: "variance-preserving", alphasCumprod: matchedTable(spacing) },
    spacing: "trailing",
    stepsOffset: 0,
    finalAlphaCumprod: 1,
    clip: undefined,
    variance: "fixed_small",
  }
}
