import type { SamplerShape } from "@auteur/core"
import * as Schema from "effect/Schema"
import { flowEuler, type FlowEulerSettings } from "../flow-euler.ts"
import { flowHeun } from "../flow-heun.ts"
import { eulerGrid, type FlowGrid, matchedGrid, type SigmaSpacing, uniPcGrid, withSignal } from "../sigmas.ts"
import type { DiffusionSettings } from "../timesteps.ts"
import { uniPc, type UniPcSettings } from "../unipc.ts"
import { TrainedTimesteps } from "./diffusion-config.ts"
import { type FlowSamplerName, type SchedulerClass, schedulerClass } from "./scheduler-class.ts"

/** The parameters of all samplers of rectified flow: `grid` is that of Euler and Heun, UniPC has its own. */
export interface FlowSamplerSettings extends FlowEulerSettings, UniPcSettings {
  readonly uniPcGrid: FlowGrid
}

/** A scheduler config as the parameters of the samplers of rectified flow. */
export interface FlowConfig {
  readonly kind: "flow"
  readonly spacing: SigmaSpacing
  readonly settings: FlowSamplerSettings
  readonly prediction: "flow"
}

const Trained = Schema.optionalKey(TrainedTimesteps)
const Shift = Schema.optionalKey(Schema.Finite.check(Schema.isGreaterThan(0)))
const Off = Schema.optionalKey(Schema.Literal(false))
const Unset = Schema.optionalKey(Schema.Null)
/** A field that only a refused setting reads. */
const Unread = Schema.optionalKey(Schema.Unknown)

const otherSpacings = {
  use_dynamic_shifting: Off,
  time_shift_type: Unread,
  use_karras_sigmas: Off,
  use_exponential_sigmas: Off,
  use_beta_sigmas: Off,
  shift_terminal: Schema.optionalKey(
    Schema.NullOr(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0), Schema.isLessThan(1))),
  ),
}

const Heun = Schema.Struct({ num_train_timesteps: Trained, shift: Shift })
const Euler = Schema.Struct({
  num_train_timesteps: Trained,
  shift: Shift,
  ...otherSpacings,
  base_shift: Unread,
  max_shift: Unread,
  base_image_seq_len: Unread,
  max_image_seq_len: Unread,
  invert_sigmas: Off,
  stochastic_sampling: Schema.optionalKey(Schema.Boolean),
})
const UniPc = Schema.Struct({
  num_train_timesteps: Trained,
  ...otherSpacings,
  use_flow_sigmas: Schema.Literal(true),
  prediction_type: Schema.Literal("flow_prediction"),
  flow_shift: Shift,
  solver_order: Schema.optionalKey(Schema.Literals([1, 2])),
  solver_type: Schema.optionalKey(Schema.Literal("bh2")),
  predict_x0: Schema.optionalKey(Schema.Literal(true)),
  lower_order_final: Schema.optionalKey(Schema.Literal(true)),
  final_sigmas_type: Schema.optionalKey(Schema.Literal("zero")),
  disable_corrector: Schema.optionalKey(Schema.Array(Schema.Int)),
  solver_p: Unset,
  sigma_min: Unset,
  sigma_max: Unset,
  thresholding: Off,
  dynamic_thresholding_ratio: Unread,
  sample_max_value: Unread,
  // Flow σ replace the table of β and the spacing of timesteps.
  beta_start: Unread,
  beta_end: Unread,
  beta_schedule: Unread,
  trained_betas: Unread,
  rescale_betas_zero_snr: Unread,
  timestep_spacing: Unread,
  steps_offset: Unread,
})

const configOf = (spacing: SigmaSpacing, settings: Partial<FlowSamplerSettings> = {}): FlowConfig => ({
  kind: "flow",
  spacing,
  settings: {
    grid: eulerGrid(spacing),
    uniPcGrid: uniPcGrid(spacing),
    stochastic: false,
    order: 2,
    uncorrected: [],
    ...settings,
  },
  prediction: "flow",
})

/** The reference treats a terminal σ of 0 as unset. */
const terminalOf = (terminal: number | null | undefined): number | undefined =>
  terminal === null || terminal === 0 ? undefined : terminal

const fromEuler = (config: (typeof Euler)["Type"]): FlowConfig => {
  const { num_train_timesteps: trained = 1000, shift = 1, stochastic_sampling: stochastic = false } = config
  return configOf({ trained, shift, shiftTerminal: terminalOf(config.shift_terminal) }, { stochastic })
}

const fromHeun = ({ num_train_timesteps: trained = 1000, shift = 1 }: (typeof Heun)["Type"]): FlowConfig =>
  configOf({ trained, shift, shiftTerminal: undefined })

const fromUniPc = (config: (typeof UniPc)["Type"]): FlowConfig => {
  const { num_train_timesteps: trained = 1000, flow_shift: shift = 1 } = config
  const { solver_order: order = 2, disable_corrector: uncorrected = [] } = config
  return configOf({ trained, shift, shiftTerminal: terminalOf(config.shift_terminal) }, { order, uncorrected })
}

/** The scheduler classes of rectified flow. */
export const flowClasses: Readonly<Record<string, SchedulerClass<FlowConfig>>> = {
  FlowMatchEulerDiscreteScheduler: schedulerClass("flow-euler", Euler, fromEuler),
  FlowMatchHeunDiscreteScheduler: schedulerClass("flow-heun", Heun, fromHeun),
  UniPCMultistepScheduler: schedulerClass("unipc", UniPc, fromUniPc),
}

/** The samplers of rectified flow. */
export const flowSamplers: Readonly<Record<FlowSamplerName, (settings: FlowSamplerSettings) => SamplerShape>> = {
  "flow-euler": flowEuler,
  "flow-heun": flowHeun,
  unipc: (settings) => uniPc({ ...settings, grid: settings.uniPcGrid }),
}

/** The parameters with which the samplers of rectified flow run a model of diffusion. */
export const flowOnDiffusion = (process: DiffusionSettings["process"]): FlowSamplerSettings => {
  const grid = matchedGrid(process)
  return { grid, uniPcGrid: withSignal(grid), stochastic: false, order: 2, uncorrected: [] }
}
