/** A scheduler config for each sampler, as a model's folder has it. */
const cogVideoX = {
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  prediction_type: "v_prediction",
  rescale_betas_zero_snr: true,
  timestep_spacing: "trailing",
  clip_sample: false,
  snr_shift_scale: 3,
}

export const configs: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  ddim: { _class_name: "CogVideoXDDIMScheduler", ...cogVideoX },
  dpm: { _class_name: "CogVideoXDPMScheduler", ...cogVideoX },
  ddpm: {
    _class_name: "DDPMScheduler",
    prediction_type: "v_prediction",
    timestep_spacing: "trailing",
    clip_sample: false,
  },
  "flow-euler": { _class_name: "FlowMatchEulerDiscreteScheduler", shift: 3 },
  "flow-euler, stochastic": { _class_name: "FlowMatchEulerDiscreteScheduler", shift: 3, stochastic_sampling: true },
  "flow-heun": { _class_name: "FlowMatchHeunDiscreteScheduler", shift: 3 },
  unipc: {
    _class_name: "UniPCMultistepScheduler",
    use_flow_sigmas: true,
    prediction_type: "flow_prediction",
    flow_shift: 3,
  },
}
