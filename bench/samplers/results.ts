/** Measurements of the clips of one sampler at one number of steps, or of one guidance at one strength. */
export interface Quality {
  /** A sampler, or a guidance. */
  readonly name: string
  readonly steps: number
  readonly guidance: number
  /** Network evaluations for a clip. */
  readonly evaluations: number
  /** dB of the frames of the first seed's clips against their references; empty where there is none to compare with. */
  readonly psnr: ReadonlyArray<number>
  /** Clips in which the check saw what the prompt says, of one for each prompt and seed. */
  readonly scene: number
  readonly motion: number
  readonly subject: number
  /** Mean share of the colour values that lie at an end of their range. */
  readonly clipped: number
}

/** `bench/results/samplers.json`. */
export interface QualityResults {
  readonly commit: string
  readonly model: string
  readonly prompts: ReadonlyArray<string>
  readonly seeds: ReadonlyArray<number>
  /** The sampler and the steps of the references, at the guidance of the table. */
  readonly reference: { readonly sampler: string; readonly steps: number; readonly guidance: number }
  /** dB between DDIM and the reference's sampler at its steps, for two clips: how well it is known itself. */
  readonly referencePsnr: ReadonlyArray<number>
  readonly samplers: ReadonlyArray<Quality>
  readonly guidances: ReadonlyArray<Quality>
}
