import { type PipelineRequest, generate, type Latents, type Video } from "@auteur/core"
import { modelLayer } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

/** A video walked back to noise and sampled again. */
export interface RoundTrip {
  readonly inversion: string
  readonly sampler: string
  readonly steps: number
  /** Network evaluations, both ways together. */
  readonly evaluations: number
  /** Of the latents that come back against those of the source, in decibels; the peak is the source's largest distance between two values. */
  readonly latentPsnr: number
  /** Of the frames that come back against the source's decoded latents. */
  readonly pixelPsnr: number
}

const prompt = "a fox runs to the right in a meadow"

/** A clip of the bundled model, to be walked back. */
export const sourceVideo: Effect.Effect<Video, unknown> = Effect.suspend(() =>
  Effect.map(run({ prompt, seed: 3, steps: 50, guidanceScale: 6 }), ({ video }) => video),
).pipe(Effect.provide(modelLayer()))

/** Walks `video` back over all levels and samples it again with the same prompt, both without guidance. */
export const roundTrip: (
  video: Video,
  inversion: string,
  sampler: string,
  steps: number,
) => Effect.Effect<RoundTrip, unknown> = (video, inversion, sampler, steps) =>
  Effect.gen(function* () {
    const request = { prompt, sourcePrompt: prompt, video, seed: 3, steps, guidanceScale: 1, strength: 1 } as const
    const there = yield* run({ ...request, start: "inversion" })
    // An edit starts at the source's own latents, and equal prompts leave them as they are.
    const still = yield* run({ ...request, start: "inversion-free", steps: 1 })
    return {
      inversion,
      sampler,
      steps,
      evaluations: there.evaluations,
      latentPsnr: psnr(there.latents.values(), still.latents.values()),
      pixelPsnr: psnr(there.video.values(), still.video.values(), 255),
    }
  }).pipe(Effect.provide(modelLayer({ sampler: sampler as never, inversion })))

const run = Effect.fnUntraced(function* (request: PipelineRequest) {
  let latents: Latents | undefined
  let video: Video | undefined
  let evaluations = 0
  yield* Stream.runForEach(generate(request), (event) =>
    Effect.sync(() => {
      if (event.type === "inversion-progress") evaluations++
      if (event.type === "step-end") {
        evaluations++
        latents = event.latents
      }
      if (event.type === "video-end") video = event.video
    }),
  )
  return { latents: latents!, video: video!, evaluations }
})

/** 10·log₁₀(peak²/mean squared error). */
const psnr = (a: ArrayLike<number>, b: ArrayLike<number>, peak = largestSpan(b)): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return 10 * Math.log10((peak ** 2 * a.length) / sum)
}

const largestSpan = (values: ArrayLike<number>): number => {
  let [least, most] = [Infinity, -Infinity]
  for (let i = 0; i < values.length; i++) {
    least = Math.min(least, values[i]!)
    most = Math.max(most, values[i]!)
  }
  return most - least
}
