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

/** A law that a plugin's component was tested against. */
export interface CheckedLaw {
  readonly plugin: string
  /** The kind of the component, such as `sampler`. */
  readonly component: string
  readonly law: string
  /** The way in which the law is broken, where it is. */
  readonly problem?: string
}

/**
 * Tests the components of a plugin, by default of all that are loaded, against the laws of their kinds. A plugin is named by its own
 * name, or by the one that the config gives to it or to its preset.
 */
export const checkPlugins: (name?: string) => Effect.Effect<ReadonlyArray<CheckedLaw>, PluginError, ModelServices> =
  Effect.fnUntraced(function* (name) {
    const { plugins } = yield* CurrentModel
    const chosen =
      name === undefined ? plugins : plugins.filter((plugin) => name === plugin.name || name === plugin.entry)
    if (chosen.length === 0) {
      const names = [...new Set(plugins.flatMap(({ name, entry = name }) => [name, entry]))]
      const message =
        names.length === 0
          ? "No plugins are loaded: name them in auteur.config.ts."
          : `There is no plugin "${name}": choose one of ${names.join(", ")}.`
      return yield* new PluginError({ message })
    }
    const results: Array<CheckedLaw> = []
    for (const { name, provides } of chosen) {
      for (const { kind, replacedBy } of provides) {
        if (replacedBy !== undefined) continue
        for (const { name: law, run } of yield* checksOf(kind)) {
          const problem = yield* Effect.promise(() => run().then(() => undefined, messageOf))
          results.push({ plugin: name, component: kind, law, ...(problem === undefined ? {} : { problem }) })
        }
      }
    }
    return results
  })

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown))

/** The laws of the component of a kind that is in use; none for readers and writers of files. */
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
        return suites.testDenoiser(yield* Denoiser, yield* denoiserCase)
      default:
        return []
    }
  },
)

/** Texts of the encoder at hand, and the smallest size of two patches along each axis that the network does not refuse. */
const denoiserCase = Effect.gen(function* () {
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
