import type { VideoEvent } from "./run-request.ts"
import { AbortError } from "./tagged-error.ts"
import type { GeneratedVideo } from "./generated-video.ts"

/**
 * A run in progress: iterate over it to follow its events, await `video` for the result.
 *
 * It runs whether or not anybody reads. The first loop sees every event, whenever it starts: unread events are kept for it. A loop
 * beside it sees those that are still to come, and at least the last one. Leaving a loop early aborts the run.
 */
export interface VideoRun extends AsyncIterable<VideoEvent> {
  /** The result; rejects with a tagged error. */
  readonly video: Promise<GeneratedVideo>
  /** Stops the work; `video` and the loops reject with an {@link AbortError}. */
  readonly abort: (reason?: unknown) => void
}

type Start = (onEvent: (event: VideoEvent) => void, signal: AbortSignal) => Promise<GeneratedVideo>

/** Starts a run at once, aborted by its own `abort` or by `outside`; events are kept for a reader where it is to be followed. */
export const startRun = (start: Start, outside: AbortSignal | undefined, isFollowed: boolean): VideoRun => {
  const controller = new AbortController()
  const signal = outside === undefined ? controller.signal : AbortSignal.any([controller.signal, outside])
  const readers = new Set<(event: VideoEvent) => void>()
  let kept: Array<VideoEvent> = []
  let hasReader = !isFollowed
  const video = start((event) => {
    if (!hasReader) kept.push(event)
    else if (event.type === "video-end") kept = [event]
    for (const read of readers) read(event)
  }, signal)
  // The failure is reported to whoever waits; a run that nobody waits for does not end the process.
  video.catch(() => {})

  async function* events(): AsyncGenerator<VideoEvent, void> {
    const unread = [...kept]
    kept = kept.filter(({ type }) => type === "video-end")
    hasReader = true
    let isOver = false
    let wake = () => {}
    const read = (event: VideoEvent) => {
      unread.push(event)
      wake()
    }
    readers.add(read)
    const end = () => {
      isOver = true
      wake()
    }
    video.then(end, end)
    try {
      for (;;) {
        const event = unread.shift()
        if (event !== undefined) yield event
        else if (isOver) break
        else await new Promise<void>((resolve) => (wake = resolve))
      }
      await video
    } finally {
      readers.delete(read)
      if (!isOver) controller.abort(new AbortError("The run was aborted: its loop was left before the end."))
    }
  }

  return {
    video,
    abort: (reason) => controller.abort(reason),
    [Symbol.asyncIterator]: events,
  }
}
