import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { Denoiser, type DenoiserShape } from "../src/services/denoiser.ts"
import { Editor, type EditorShape } from "../src/services/editor.ts"
import type { GenerateEvent } from "../src/pipeline/run.ts"
import { Guidance, type GuidanceShape } from "../src/services/guidance.ts"
import { Inversion, type InversionShape } from "../src/services/inversion.ts"
import type { GenerateError } from "../src/pipeline/generate.ts"
import { Sampler, type SamplerShape } from "../src/services/sampler.ts"
import { TextEncoder, type TextEncoderShape } from "../src/services/text-encoder.ts"
import { VideoVae, type VideoVaeShape } from "../src/services/video-vae.ts"
import { characters, classifierFree, colours, normals } from "./gaussian-parts.ts"
import { deterministic } from "./small-samplers.ts"
import { climbing, leading } from "./small-starts.ts"

/** Time stands still, so that steps take 0 seconds. */
const withStillClock = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
  Clock.clockWith((clock) =>
    Effect.provideService(effect, Clock.Clock, {
      currentTimeMillisUnsafe: () => 0,
      currentTimeMillis: Effect.succeed(0),
      currentTimeNanosUnsafe: () => 0n,
      currentTimeNanos: Effect.succeed(0n),
      monotonicTimeNanosUnsafe: () => 0n,
      monotonicTimeNanos: Effect.succeed(0n),
      sleep: (duration) => clock.sleep(duration),
    }),
  )

export interface WorldChanges {
  readonly text?: Partial<TextEncoderShape>
  readonly denoiser?: Partial<DenoiserShape>
  readonly vae?: Partial<VideoVaeShape>
  readonly sampler?: SamplerShape
  readonly guidance?: Partial<GuidanceShape>
  readonly inversion?: InversionShape
  readonly editor?: Partial<EditorShape>
}

type Parts = TextEncoder | Denoiser | VideoVae | Sampler | Guidance | Inversion | Editor

type Run = Stream.Stream<GenerateEvent, GenerateError, Parts>

export interface World {
  /** What the parts were asked for, in order. */
  readonly calls: Array<string>
  readonly layer: Layer.Layer<Parts>
  /** All events of a run that succeeds. */
  readonly events: (run: Run) => Promise<Array<GenerateEvent>>
  /** The error of a run that fails. */
  readonly error: (run: Run) => Promise<GenerateError>
}

/**
 * A whole small model whose every part is known in closed form, with what its parts were asked for in `calls`: texts are
 * characters, latents are colours, and the network is the posterior mean of normals.
 */
export const gaussianWorld = (changes: WorldChanges = {}): World => {
  const calls: Array<string> = []
  const text = { ...characters, ...changes.text }
  const denoiser = { ...normals, ...changes.denoiser }
  const vae = { ...colours, ...changes.vae }
  const sampler = changes.sampler ?? deterministic(denoiser.process)
  const guidance = { ...classifierFree, ...changes.guidance }
  const layer = Layer.mergeAll(
    Layer.succeed(TextEncoder, {
      ...text,
      encode: (prompt) => Effect.suspend(() => (calls.push(`text "${prompt}"`), text.encode(prompt))),
    }),
    Layer.succeed(Denoiser, {
      ...denoiser,
      predict: (input) => Effect.suspend(() => (calls.push(`denoise ${input.texts.length}`), denoiser.predict(input))),
    }),
    Layer.succeed(VideoVae, {
      ...vae,
      encode: (video) => Effect.suspend(() => (calls.push("encode"), vae.encode(video))),
      decode: (latents) =>
        Stream.suspend(() => (calls.push(`decode ${latents.length("frames")}`), vae.decode(latents))),
    }),
    Layer.succeed(Sampler, sampler),
    Layer.succeed(Guidance, guidance),
    Layer.succeed(Inversion, changes.inversion ?? climbing(denoiser.process)),
    Layer.succeed(Editor, { ...leading, ...changes.editor }),
  )
  const events = (run: Run) => Stream.runCollect(run).pipe(Effect.provide(layer), withStillClock)
  return {
    calls,
    layer,
    events: (run) => Effect.runPromise(events(run)),
    error: (run) => Effect.runPromise(Effect.flip(events(run))),
  }
}
