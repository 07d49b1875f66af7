import {
  Denoiser,
  Editor,
  Guidance,
  Inversion,
  PluginError,
  Sampler,
  TextEncoder,
  type TextEmbeddings,
  VideoVae,
} from "@auteur/core"
import type { Check } from "@auteur/core/testing"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { CurrentModel, type ModelServices } from "../model/model-services.ts"

/** A law that a plugin's part was held to. */
export interface CheckedLaw {
  readonly plugin: string
  /** The kind of part, such as `sampler`. */
  readonly part: string
  readonly law: string
  /** What is wrong; nothing where the law is kept. */
  readonly problem?: string
}

/** Holds the parts of a plugin, by default of all that are loaded, to the laws of their kinds. */
export const checkPlugins: (name?: string) => Effect.Effect<ReadonlyArray<CheckedLaw>, PluginError, ModelServices> =
  Effect.fnUntraced(function* (name) {
    const { plugins } = yield* CurrentModel
    const chosen = name === undefined ? plugins : plugins.filter((plugin) => plugin.name === name)
    if (chosen.length === 0) {
      const loaded =
        plugins.length === 0 ? "none are loaded" : `loaded are ${plugins.map(({ name }) => name).join(", ")}`
      return yield* new PluginError({
        message: `There is no plugin ${name === undefined ? "" : `"${name}" `}to be checked: ${loaded}.`,
      })
    }
    const results: Array<CheckedLaw> = []
    for (const { name, provides } of chosen) {
      for (const { kind, replacedBy } of provides) {
        if (replacedBy !== undefined) continue
        for (const { name: law, run } of yield* checksOf(kind)) {
          const problem = yield* Effect.promise(() => run().then(() => undefined, messageOf))
          results.push({ plugin: name, part: kind, law, ...(problem === undefined ? {} : { problem }) })
        }
      }
    }
    return results
  })

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** The laws of the part of a kind that is in use; none for what reads and writes files. */
const checksOf: (kind: string) => Effect.Effect<ReadonlyArray<Check>, PluginError, ModelServices> = Effect.fnUntraced(
  function* (kind) {
    const suites = yield* Effect.promise(() => import("@auteur/core/testing"))
    switch (kind) {
      case "sampler":
        return suites.testSampler(yield* Sampler)
      case "guidance":
        return suites.testGuidance(yield* Guidance)
      case "inversion":
        return suites.testInversion(yield* Inversion)
      case "editor":
        return suites.testEditor(yield* Editor)
      case "text encoder":
        return suites.testTextEncoder(yield* TextEncoder)
      case "VAE":
        // With the latent spaces that are declared beside it.
        return suites.testVae(Layer.succeedContext(yield* Effect.context<VideoVae>()))
      case "model":
        return suites.testDenoiser(yield* Denoiser, yield* questionOf)
      default:
        return []
    }
  },
)

/** Texts of the encoder at hand, and the smallest size of two patches along each axis that the network does not refuse. */
const questionOf = Effect.gen(function* () {
  const { patch, trained, unsupported } = yield* Denoiser
  const { latentChannels: channels } = yield* VideoVae
  const encoder = yield* TextEncoder
  const encode = (prompt: string): Effect.Effect<TextEmbeddings, PluginError> =>
    encoder.encode(prompt).pipe(
      Effect.map(({ embeddings }) => embeddings),
      Effect.mapError(({ message }) => new PluginError({ message })),
    )
  const texts = [yield* encode("a fox"), yield* encode("a dragon")] as const
  const small = { frames: 2 * patch.frames, height: 2 * patch.height, width: 2 * patch.width }
  return { channels, texts, size: unsupported(small) === undefined ? small : trained }
})
