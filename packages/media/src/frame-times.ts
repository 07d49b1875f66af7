/** How many ticks each frame lasts, so that rounding never adds up: frame n starts at n / fps, rounded to a tick. */
export const toDurations = (count: number, fps: number, ticksPerSecond: number): ReadonlyArray<number> => {
  const start = (frame: number): number => Math.round((frame * ticksPerSecond) / fps)
  return Array.from({ length: count }, (_, i) => start(i + 1) - start(i))
}

/** The rate of frames that last so many ticks: a whole number when none is further than a tick from it, otherwise the mean. */
export const toRate = (durations: ReadonlyArray<number>, ticksPerSecond: number): number => {
  const total = durations.reduce((sum, ticks) => sum + ticks, 0)
  const mean = (durations.length * ticksPerSecond) / total
  const whole = Math.max(1, Math.round(mean))
  const explained = durations.every((ticks) => Math.abs(ticks - ticksPerSecond / whole) < 1)
  return explained && Math.abs(mean - whole) < 0.02 * whole ? whole : mean
}
