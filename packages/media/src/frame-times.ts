import type { RgbFrame } from "./image/rgb-frame.ts"

/** How many ticks each frame lasts, so that rounding never adds up: frame n starts at n / fps, rounded to a tick. */
export const toDurations = (count: number, fps: number, ticksPerSecond: number): ReadonlyArray<number> => {
  const start = (frame: number): number => Math.round((frame * ticksPerSecond) / fps)
  return Array.from({ length: count }, (_, i) => start(i + 1) - start(i))
}

/** The lowest and the highest rate that is read; the same that can be written. */
const LOWEST_RATE = 1
const HIGHEST_RATE = 240

/** The highest rate at which frames are repeated only so that each one's time is exact. */
const HIGHEST_EXACT_RATE = 60

const COMMON_RATES = [24, 30, 48, 60, 120].flatMap((rate) => [rate, (rate * 1000) / 1001])

const divisor = (a: number, b: number): number => (b === 0 ? a : divisor(b, a % b))

/** The mean duration, without those that are unlike most. */
const usualDuration = (durations: ReadonlyArray<number>): number => {
  const sorted = durations.toSorted((a, b) => a - b)
  const median = sorted[sorted.length >> 1]!
  const usual = sorted.filter((ticks) => Math.abs(ticks - median) <= Math.max(1.5, median * 0.1))
  return usual.reduce((sum, ticks) => sum + ticks, 0) / usual.length
}

/** A rate that people use, where the measured one is as near to it as ticks can tell. */
const toCommonRate = (fps: number, error: number): number => {
  const whole = Math.max(1, Math.round(fps))
  const nearest = [whole, ...COMMON_RATES].toSorted((a, b) => Math.abs(a - fps) - Math.abs(b - fps))[0]!
  return Math.abs(nearest - fps) <= Math.max(error, 0.0005 * fps) ? nearest : fps
}

/**
 * The rate of frames that last so many ticks each.
 *
 * Where all last equally long, it is theirs, as exact as ticks are. Otherwise it is the lowest at which each frame fills
 * whole periods, up to 60 a second; where there is none, the rate of most of them.
 */
export const toRate = (ticks: ReadonlyArray<number>, ticksPerSecond: number): number => {
  const durations = ticks.filter((duration) => duration > 0)
  if (durations.length === 0) return LOWEST_RATE
  const total = durations.reduce((sum, duration) => sum + duration, 0)
  const mean = total / durations.length
  const rate = ticksPerSecond / mean
  const error = rate / total // of one tick more or less in all
  const whole = Math.max(1, Math.round(rate))
  const areAll = (expected: number): boolean => durations.every((duration) => Math.abs(duration - expected) < 1)
  if (areAll(ticksPerSecond / whole) && Math.abs(rate - whole) <= error) return whole
  if (areAll(mean)) return toCommonRate(rate, error)
  const common = durations.reduce(divisor)
  if (Number.isInteger(common) && ticksPerSecond / common <= HIGHEST_EXACT_RATE) return ticksPerSecond / common
  const usual = usualDuration(durations)
  return toCommonRate(ticksPerSecond / usual, (0.01 * ticksPerSecond) / usual)
}

/** A rate that can be read and written, and a sentence where it is not the one that the file has. */
export const toLegalRate = (rate: number): { readonly fps: number; readonly notice?: string } => {
  const fps = Math.min(Math.max(rate, LOWEST_RATE), HIGHEST_RATE)
  if (fps === rate) return { fps }
  const found = Number(rate.toPrecision(3))
  return {
    fps,
    notice: `It has ${found} frames per second, and is read at ${fps}: videos have ${LOWEST_RATE} to ${HIGHEST_RATE}.`,
  }
}

/** A picture that is shown until a time, in seconds from the start of the video. */
export interface TimedPicture {
  readonly until: number
  /** Decodes it; called before the next picture is taken, or not at all. */
  readonly picture: () => RgbFrame | Promise<RgbFrame>
  /** Called in place of `picture` when it is left out. */
  readonly leaveOut?: () => void
}

/**
 * Gives the pictures at equal times: frame n is what is shown in the middle of its period, at (n + ½) / fps.
 *
 * A picture that lasts whole periods, give or take a tick, fills exactly those. The first picture is always shown.
 *
 * @param tick seconds to which the times are rounded
 * @param onUneven called once, with a sentence, when a picture is repeated or left out
 */
export async function* atEqualTimes(
  pictures: AsyncIterable<TimedPicture> | Iterable<TimedPicture>,
  { fps, tick }: { readonly fps: number; readonly tick: number },
  onUneven: (notice: string) => void,
): AsyncGenerator<RgbFrame> {
  let start = 0
  let periods = 0 // up to the end of the picture
  let written = 0
  let isTold = false
  for await (const { until, picture, leaveOut } of pictures) {
    const lasts = (until - start) * fps
    const whole = Math.round(lasts)
    periods += whole > 0 && Math.abs(lasts - whole) <= tick * fps + 0.01 * whole ? whole : lasts
    start = until
    const count = Math.max(written === 0 ? 1 : 0, Math.round(periods) - written)
    if (count !== 1 && !isTold) {
      isTold = true
      onUneven(
        `Its frames are not equally long: it is read at ${Number(fps.toFixed(3))} frames per second, longer ones repeated and shorter ones left out.`,
      )
    }
    if (count <= 0) {
      leaveOut?.()
      continue
    }
    written += count
    const frame = await picture()
    for (let i = 0; i < count; i++) yield frame
  }
}
