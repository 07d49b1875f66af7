import type { GenerateEvent } from "@auteur/core"
import type { MadeVideo } from "./made-video.ts"

/** A video that is being made: await it for the video, or follow its events. It starts when either is first asked for. */
export interface Job extends PromiseLike<MadeVideo> {
  /**
   * What happens, as it happens; the loop rejects with what stopped the work.
   *
   * Leaving the loop early stops the work.
   */
  readonly events: AsyncIterable<GenerateEvent>
  /** Stops the work; whoever waits for it is told by an `AbortError`. */
  readonly stop: () => void
}

/** Makes the video, telling each event; rejects with the signal's reason once that is aborted. */
type Start = (onEvent: (event: GenerateEvent) => void, signal: AbortSignal) => Promise<MadeVideo>

export const makeJob = (start: Start, outside: AbortSignal | undefined): Job => {
  const controller = new AbortController()
  const signal = outside === undefined ? controller.signal : AbortSignal.any([controller.signal, outside])
  const listeners = new Set<(event: GenerateEvent) => void>()
  let result: Promise<MadeVideo> | undefined

  const run = (): Promise<MadeVideo> => {
    if (result === undefined) {
      result = start((event) => listeners.forEach((tell) => tell(event)), signal)
      // Told to those who wait; that nobody does is no failure of the process.
      result.catch(() => {})
    }
    return result
  }

  async function* events(): AsyncGenerator<GenerateEvent, void> {
    const waiting: Array<GenerateEvent> = []
    let isOver = false
    let wake = () => {}
    const tell = (event: GenerateEvent) => {
      waiting.push(event)
      wake()
    }
    listeners.add(tell)
    const end = () => {
      isOver = true
      wake()
    }
    const video = run()
    video.then(end, end)
    try {
      for (;;) {
        const event = waiting.shift()
        if (event !== undefined) yield event
        else if (isOver) break
        else await new Promise<void>((resolve) => (wake = resolve))
      }
      await video
    } finally {
      listeners.delete(tell)
      if (!isOver) controller.abort()
    }
  }

  return {
    // oxlint-disable-next-line unicorn/no-thenable -- a job is awaited for its video
    then: (onVideo, onFailure) => run().then(onVideo, onFailure),
    events: { [Symbol.asyncIterator]: events },
    stop: () => controller.abort(),
  }
}
