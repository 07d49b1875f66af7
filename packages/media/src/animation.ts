import { atEqualTimes, type TimedPicture, toLegalRate, toRate } from "./frame-times.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"
import type { OpenedVideo } from "./opened-video.ts"

type Picture = () => RgbFrame | Promise<RgbFrame>

interface Animation {
  readonly note: string | undefined
  /** For how many ticks each picture is shown. */
  readonly durations: ReadonlyArray<number>
  readonly ticksPerSecond: number
  /** The pictures in their order, each to be drawn before the next is taken, or not at all. */
  readonly pictures: () => Iterable<Picture> | AsyncIterable<Picture>
}

async function* timed({ durations, ticksPerSecond, pictures }: Animation): AsyncGenerator<TimedPicture> {
  let [ticks, at] = [0, 0]
  for await (const picture of pictures()) {
    ticks += durations[at++]!
    yield { until: ticks / ticksPerSecond, picture }
  }
}

/** Opens an animation whose pictures have a duration each; one picture alone has no time. */
export const openAnimation = (animation: Animation): OpenedVideo => {
  const { durations, ticksPerSecond, note } = animation
  const notices: Array<string> = []
  if (durations.length === 1) {
    const alone = async function* (): AsyncGenerator<RgbFrame> {
      for await (const picture of animation.pictures()) yield await picture()
    }
    return { fps: undefined, note, notices, frames: alone }
  }
  const { fps, notice } = toLegalRate(toRate(durations, ticksPerSecond))
  if (notice !== undefined) notices.push(notice)
  const tell = (uneven: string): void => {
    if (notice === undefined) notices.push(uneven)
  }
  return {
    fps,
    note,
    notices,
    frames: () => atEqualTimes(timed(animation), { fps, tick: 1 / ticksPerSecond }, tell),
  }
}
