import {
  type Denoiser,
  Guidance,
  type LatentSpace,
  ModelError,
  type RequestError,
  Sampler,
  type TextEncoder,
  type VideoVae,
} from "@auteur/core"
import * as dit from "@auteur/dit"
import type { Engine } from "@auteur/engine"
import { openWeights } from "@auteur/engine/node"
import { type ModelFolder, modelHash, openModelFolder, resolveModel } from "@auteur/hub"
import * as samplers from "@auteur/samplers"
import * as text from "@auteur/text"
import * as vae3d from "@auteur/vae3d"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { type LoadedLora, loadLora, type LoraOptions, nameWith } from "./lora.ts"
import { type CacheChoice, cacheOf } from "./transformer-cache.ts"

/** The latent space that the network needs. */
export const latentSpace = "cogvideox"

/** Which components a request is made with, as far as they come from the model folder or from auteur itself. */
export interface ModelOptions extends CacheChoice {
  /** One of `samplerNames`; by default the folder's scheduler. */
  readonly sampler?: string | undefined
  /** One of `guidanceNames`; by default `classifier-free`. */
  readonly guidanceMethod?: string | undefined
  readonly maxSequenceLength?: number | undefined
  readonly tiling?: boolean | undefined
  readonly vaeWorkers?: number | undefined
  readonly lora?: ReadonlyArray<LoraOptions> | undefined
}

/** A model folder that is read and checked, and the layers that run it. */
export interface ModelFiles {
  readonly folder: ModelFolder
  /** {@link modelHash} of the folder, computed once. */
  readonly hash: Effect.Effect<string, ModelError>
  /** The model that the other components are from, as it was named. */
  readonly baseModel: string | undefined
  /** Sentences about parts of the folder and its configs that have no effect. */
  readonly notices: ReadonlyArray<string>
  /** Frames per second that the model was trained at. */
  readonly fps: number
  /** The maximum length that the model was trained with. */
  readonly maxSequenceLength: number
  readonly transformer: dit.TransformerConfig
  readonly textEncoder: (maxSequenceLength?: number) => Layer.Layer<TextEncoder, ModelError, Engine>
  readonly vae: (
    options: Pick<ModelOptions, "tiling" | "vaeWorkers">,
  ) => Layer.Layer<VideoVae | LatentSpace<typeof latentSpace>, ModelError, Engine>
  readonly denoiser: (
    loras: ReadonlyArray<LoadedLora>,
    cache: dit.StepCache | dit.AttentionCache | undefined,
  ) => Layer.Layer<Denoiser, ModelError, Engine | LatentSpace<typeof latentSpace>>
}

/** Reads and checks a model, given by its folder or by a name; its weights are opened when a layer is built. */
export const readModel: (nameOrFolder: string, baseModel?: string) => Effect.Effect<ModelFiles, ModelError> =
  Effect.fnUntraced(function* (nameOrFolder, baseModel) {
    const folder = yield* openModelFolder(yield* resolveModel(nameOrFolder), {
      base: baseModel === undefined ? undefined : yield* resolveModel(baseModel),
    })
    const transformer = yield* dit.parseTransformerConfig(folder.transformer.config, folder.transformer.path)
    const vae = yield* vae3d.parseVaeConfig(folder.vae.config, folder.vae.path)
    const textEncoder = yield* text.parseT5Config(folder.textEncoder.config, folder.textEncoder.path)
    const tokenizer = yield* Effect.try({
      try: () => text.loadTokenizer(folder.tokenizer),
      catch: (cause) =>
        new ModelError({ message: `The tokenizer of ${folder.path} cannot be used: ${(cause as Error).message}` }),
    })
    const { process, prediction, notices } = yield* Effect.try({
      try: () => samplers.samplerFromConfig(folder.scheduler),
      catch: (cause) => cause as ModelError,
    })
    const weights = yield* Effect.all({
      transformer: openWeights(folder.transformer.weights.files),
      vae: openWeights(folder.vae.weights.files),
      textEncoder: openWeights(folder.textEncoder.weights.files),
    })
    const files: ModelFiles = {
      folder,
      hash: yield* Effect.cached(modelHash(folder)),
      baseModel,
      notices: [...folder.notices, ...notices],
      fps: transformer.patch_size_t === null ? 8 : 16,
      maxSequenceLength: transformer.max_text_seq_length,
      transformer,
      textEncoder: (maxSequenceLength = transformer.max_text_seq_length) =>
        text.layer({ config: textEncoder, weights: weights.textEncoder, tokenizer, maxSequenceLength }),
      vae: ({ tiling = false, vaeWorkers = 1 }) =>
        vae3d.layer({ config: vae, weights: weights.vae, tiling, vaeWorkers }),
      denoiser: (loras, cache) =>
        dit.layer({
          config: transformer,
          weights: weights.transformer,
          loras,
          cache,
          process,
          prediction,
          name: nameWith(folder.name, loras, cache),
        }),
    }
    return files
  })

/** The folder's own sampler, or any of `samplerNames`; fails with a `RequestError` for a name that does not exist. */
export const samplerOf = (
  { scheduler }: ModelFolder,
  name: string | undefined,
): Effect.Effect<Sampler["Service"], ModelError | RequestError> =>
  Effect.try({
    try: () =>
      (name === undefined ? samplers.samplerFromConfig(scheduler) : samplers.samplerNamed(name, scheduler)).sampler,
    catch: (cause) => cause as ModelError | RequestError,
  })

/** A guidance method by its name; fails with a `RequestError` for a name that does not exist. */
export const guidanceOf = (name = "classifier-free"): Effect.Effect<Guidance["Service"], RequestError> =>
  Effect.try({ try: () => samplers.guidanceNamed(name), catch: (cause) => cause as RequestError })

export interface LoadedModel extends Pick<ModelFiles, "folder" | "hash" | "fps"> {
  readonly layer: Layer.Layer<TextEncoder | Denoiser | VideoVae | Sampler | Guidance, ModelError, Engine>
}

/** Reads a model and puts the components of one set of options together: for programs that build their own pipeline. */
export const loadModel: (
  nameOrFolder: string,
  options?: ModelOptions,
) => Effect.Effect<LoadedModel, ModelError | RequestError> = Effect.fnUntraced(function* (nameOrFolder, options = {}) {
  const files = yield* readModel(nameOrFolder)
  const { folder, hash, fps } = files
  const sampler = yield* samplerOf(folder, options.sampler)
  const guidance = yield* guidanceOf(options.guidanceMethod)
  const loras = yield* Effect.forEach(options.lora ?? [], loadLora)
  const cache = yield* Effect.try({
    try: () => cacheOf(options, files.transformer),
    catch: (cause) => cause as RequestError,
  })
  const layer = Layer.mergeAll(
    files.textEncoder(options.maxSequenceLength),
    Layer.succeed(Sampler, sampler),
    Layer.succeed(Guidance, guidance),
    files.denoiser(loras, cache).pipe(Layer.provideMerge(files.vae(options))),
  )
  return { folder, hash, fps, layer }
})
