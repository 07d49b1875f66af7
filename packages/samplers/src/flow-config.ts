import * as Schema from "effect/Schema"
import { decodeConfig } from "./decode-config.ts"
import type { FlowEulerSettings } from "./flow-euler.ts"
import { eulerGrid, type FlowGrid, type SigmaSpacing, uniPcGrid } from "./flow-sigmas.ts"
import { TrainedTimesteps } from "./trained-timesteps.ts"
import type { UniPcSettings } from "./unipc.ts"

/** What each sampler of rectified flow is made from: `grid` is that of Euler and Heun, UniPC has its own. */
export interface FlowSamplerSettings extends FlowEulerSettings, UniPcSettings {
  readonly uniPcGrid: FlowGrid
}

/** What the samplers need of a scheduler config of rectified flow. */
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

const configOf = (
  { trained = 1000, shift = 1, shiftTerminal }: Partial<SigmaSpacing>,
  settings: Partial<FlowSamplerSettings> = {},
): FlowConfig => {
  const spacing: SigmaSpacing = { trained, shift, shiftTerminal }
  return {
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
  }
}

/** The reference takes a terminal σ of 0 for none. */
const terminalOf = (terminal: number | null | undefined): number | undefined =>
  terminal === null || terminal === 0 ? undefined : terminal

const spacingOf = ({
  num_train_timesteps: trained = 1000,
  shift = 1,
}: (typeof Heun)["Type"]): Partial<SigmaSpacing> => ({ trained, shift })

export const flowEulerConfig = (className: string, json: Readonly<Record<string, unknown>>): FlowConfig => {
  const config = decodeConfig(className, Euler, json)
  return configOf(
    { ...spacingOf(config), shiftTerminal: terminalOf(config.shift_terminal) },
    { stochastic: config.stochastic_sampling ?? false },
  )
}

export const flowHeunConfig = (className: string, json: Readonly<Record<string, unknown>>): FlowConfig =>
  configOf(spacingOf(decodeConfig(className, Heun, json)))

export const uniPcConfig = (className: string, json: Readonly<Record<string, unknown>>): FlowConfig => {
  const config = decodeConfig(className, UniPc, json)
  const { num_train_timesteps: trained = 1000, flow_shift: shift = 1 } = config
  return configOf(
    { trained, shift, shiftTerminal: terminalOf(config.shift_terminal) },
    { order: config.solver_order ?? 2, uncorrected: config.disable_corrector ?? [] },
  )
}
