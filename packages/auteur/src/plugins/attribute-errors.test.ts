import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import {
  type AnyPlugin,
  definePlugin,
  Denoiser,
  Editor,
  Guidance,
  Inversion,
  type Latents,
  linearCombination,
  Sampler,
  Tensor,
  TextEncoder,
  type Video,
  VideoReader,
  VideoVae,
  VideoWriter,
  LatentSpace,
} from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { afterAll, beforeAll, expect, it } from "vitest"
import { modelLayer } from "../model/model-services.ts"
import { makeVideo } from "../file/make-video.ts"
import type { VideoOptions } from "../video/plan-video.ts"

let folder = ""
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-faults-"))
})
afterAll(() => rm(folder, { recursive: true }))

const grey: Video = Tensor.from(
  "batch frames height width channels",
  [1, 1, 64, 64, 3],
  new Uint8Array(64 * 64 * 3).fill(128),
  "uint8",
)
const edited: VideoOptions = { video: grey, start: "inversion-free", sourcePrompt: "a cat", strength: 1 }
const inverted: VideoOptions = { ...edited, start: "inversion" }

/** The message of the error that a video with a plugin ends in. */
const faultOf = (plugin: AnyPlugin, options: VideoOptions): Promise<string> =>
  makeVideo({ prompt: "a fox", output: join(folder, "a.png"), steps: 1, frames: 1, seed: 1, ...options }).pipe(
    Effect.provide(modelLayer({ plugins: plugin })),
    Effect.match({ onSuccess: () => "no error", onFailure: ({ message }) => message }),
    Effect.runPromise,
  )

const name = "auteur-plugin-broken"
const plugin = (layer: AnyPlugin["layer"]): AnyPlugin => definePlugin({ name, apiVersion: "v1", layer })

/** The component of the model with some members changed. */
const changed =
  <Service, Shape extends object>(
    service: {
      readonly of: (part: Shape) => Shape
      useSync: <A>(use: (part: Shape) => A) => Effect.Effect<A, never, Service>
    },
    layer: (part: Effect.Effect<Shape, never, Service>) => AnyPlugin["layer"],
  ) =>
  (change: (part: Shape) => Partial<Shape>): AnyPlugin =>
    plugin(layer(service.useSync((part) => ({ ...part, ...change(part) }))))

const sampler = changed(Sampler, (part) => Layer.effect(Sampler, part))
const guidance = changed(Guidance, (part) => Layer.effect(Guidance, part))
const inversion = changed(Inversion, (part) => Layer.effect(Inversion, part))
const editor = changed(Editor, (part) => Layer.effect(Editor, part))
const text = changed(TextEncoder, (part) => Layer.effect(TextEncoder, part))
const model = changed(Denoiser, (part) => Layer.effect(Denoiser, part))
const reader = changed(VideoReader, (part) => Layer.effect(VideoReader, part))
const writer = changed(VideoWriter, (part) => Layer.effect(VideoWriter, part))
const space = LatentSpace("cogvideox")
const vae = changed(VideoVae, (part) => Layer.merge(Layer.effect(VideoVae, part), Layer.effect(space, space)))

const boom = (): never => {
  throw new Error("boom")
}
const notANumber = (latents: Latents): Latents => linearCombination([[Number.NaN, latents]])

type Case = readonly [fault: string, plugin: AnyPlugin, message: string, options?: VideoOptions]

const cases: ReadonlyArray<Case> = [
  ["a sampler that throws", sampler(() => ({ step: boom })), `of the plugin "${name}" at step 1 of 1 failed: boom`],
  [
    "a sampler that throws as it plans",
    sampler(() => ({ schedule: boom })),
    `of the plugin "${name}" failed in "schedule": boom`,
  ],
  [
    "a sampler that plans nothing",
    sampler(() => ({ schedule: () => ({ levels: [] }) })),
    `of the plugin "${name}" gave a schedule without levels`,
  ],
  [
    "a sampler that gives nothing",
    sampler(() => ({ step: () => undefined as never })),
    `of the plugin "${name}" gave no state at step 1 of 1`,
  ],
  [
    "a sampler that gives no latents",
    sampler(() => ({ step: (_, state) => ({ ...state, index: 1, sample: [1, 2] as never }) })),
    `of the plugin "${name}" gave no latents at step 1 of 1`,
  ],
  [
    "a sampler that makes NaN",
    sampler(() => ({ step: (_, state) => ({ ...state, index: 1, sample: notANumber(state.sample) }) })),
    `of the plugin "${name}" gave values that are not finite at step 1 of 1`,
  ],
  [
    "a guidance that throws",
    guidance(() => ({ usesUnconditional: () => true, combine: boom })),
    `of the plugin "${name}" at step 1 of 1 failed: boom`,
  ],
  [
    "a guidance that throws as it is asked",
    guidance(() => ({ usesUnconditional: boom })),
    `of the plugin "${name}" failed in "usesUnconditional": boom`,
  ],
  [
    "a guidance that gives a part of an answer",
    guidance(() => ({ usesUnconditional: () => true, combine: ({ conditional: { clean } }) => ({ clean }) as never })),
    `of the plugin "${name}" gave a prediction without noise at step 1 of 1`,
  ],
  [
    "an inversion that plans nothing",
    inversion(() => ({ schedule: () => ({ levels: [] }) })),
    `of the plugin "${name}" gave a schedule without levels`,
    inverted,
  ],
  [
    "an editor that throws",
    editor(() => ({ step: boom })),
    `of the plugin "${name}" at step 1 of 1 failed: boom`,
    edited,
  ],
  [
    "an editor that makes NaN",
    editor(() => ({ step: ({ edited }) => Effect.succeed(notANumber(edited)) })),
    `of the plugin "${name}" gave values that are not finite`,
    edited,
  ],
  [
    "a text encoder that throws",
    text(() => ({ encode: () => Effect.sync(boom) })),
    `The text encoder of the plugin "${name}" failed: boom`,
  ],
  [
    "a text encoder that gives another shape",
    text(() => ({
      encode: () =>
        Effect.succeed({ embeddings: Tensor.zeros("tokens features", [4, 4]) as never, truncated: undefined }),
    })),
    `The text encoder of the plugin "${name}" gave embeddings of [4, 4]`,
  ],
  [
    "a text encoder that gives other features than the model needs",
    text(() => ({
      encode: () =>
        Effect.succeed({ embeddings: Tensor.zeros("batch tokens features", [1, 4, 4]), truncated: undefined }),
    })),
    `(The text encoder of the plugin "${name}" made the embeddings.)`,
  ],
  [
    "a text encoder that fails with its own kind of error",
    text(() => ({ encode: () => Effect.fail("out of words" as never) })),
    `The text encoder of the plugin "${name}" failed in "encode": out of words`,
  ],
  ["a model that throws", model(() => ({ predict: boom })), `of the plugin "${name}" at step 1 of 1 failed: boom`],
  [
    "a model that gives nothing",
    model(() => ({ predict: () => Effect.succeed(undefined as never) })),
    `of the plugin "${name}" gave no predictions for 2 texts at step 1 of 1`,
  ],
  [
    "a model that cannot say what it takes",
    model(() => ({ cost: boom })),
    `of the plugin "${name}" failed in "cost": boom`,
  ],
  [
    "a VAE that decodes to NaN",
    vae((own) => ({
      decode: (latents) =>
        Stream.map(own.decode(latents), (pixels) =>
          Tensor.from(
            pixels.layout,
            pixels.shape,
            pixels.values().map(() => Number.NaN),
          ),
        ),
    })),
    `The VAE's decoder of the plugin "${name}" gave frames with values that are not numbers`,
  ],
  [
    "a VAE that decodes to another size",
    vae(() => ({
      decode: () => Stream.succeed(Tensor.zeros("batch channels frames height width", [1, 3, 1, 8, 8])),
    })),
    `The VAE's decoder of the plugin "${name}" gave a chunk of [1, 3, 1, 8, 8]`,
  ],
  [
    "a VAE whose encoder throws",
    vae(() => ({ encode: boom })),
    `The VAE's encoder of the plugin "${name}" failed: boom`,
    { video: grey, strength: 1 },
  ],
  [
    "a VAE that miscounts its frames",
    vae(() => ({ decodedFrames: boom })),
    `The VAE of the plugin "${name}" failed in "decodedFrames": boom`,
  ],
  [
    "a writer that throws",
    writer(() => ({ write: boom })),
    `The video writer of the plugin "${name}" failed in "write": boom`,
  ],
  [
    "a writer that throws as it is asked",
    writer(() => ({ check: boom })),
    `The video writer of the plugin "${name}" failed in "check": boom`,
  ],
  [
    "a reader that throws",
    reader(() => ({ read: boom })),
    `The video reader of the plugin "${name}" failed in "read": boom`,
    { video: "some.mp4" },
  ],
  [
    "a layer that fails",
    plugin(Layer.effect(Sampler, Effect.fail(new Error("no licence")))),
    `The plugin "${name}" cannot be started: no licence`,
  ],
  [
    "a layer that throws",
    plugin(Layer.effect(Sampler, Effect.sync(boom))),
    `The plugin "${name}" cannot be started: boom`,
  ],
  [
    "an incomplete sampler",
    plugin(Layer.succeed(Sampler, { name: "half", step: boom } as never)),
    `The plugin "${name}" provides an incomplete sampler: its "process" has to be an object`,
  ],
  [
    "a layer that provides nothing",
    plugin(Layer.empty),
    `The plugin "${name}" provides nothing: its layer has to provide`,
  ],
]

it.each(cases.map(([fault, plugin, message, options = {}]) => ({ fault, plugin, message, options })))(
  "$fault is named with its plugin",
  async ({ plugin, message, options }) => {
    expect(await faultOf(plugin, options)).toContain(message)
  },
)
