/** How long parts that come from plugins may take; the work of the pipeline between their calls does not count. */
export interface PluginLimits {
  /** Seconds that one call may take, such as one step of an editor or one chunk of a decoder. Default 3600. */
  readonly callSeconds?: number | undefined
  /** Seconds that a call may keep this process from everything else, such as one step of a sampler. Default 60. */
  readonly blockingSeconds?: number | undefined
}

export const defaultLimits: Required<{ [Name in keyof PluginLimits]: number }> = {
  callSeconds: 3600,
  blockingSeconds: 60,
}
