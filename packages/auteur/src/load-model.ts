import {
  type Denoiser,
  Guidance,
  type LatentSpace,
  ModelError,
  RequestError,
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
import { type CacheOptions, cacheOf } from "./cache.ts"
import { type LoadedLora, loadLora, type LoraOptions, nameWith } from "./lora.ts"

/** How a model folder is put together; what is left out is read from the folder. */
export interface ModelOptions {
  /**
   * The whole model that a folder of single components belongs to, such as a transformer that was trained further: a folder, a bundled
   * name or `org/name`.
   */
  readonly baseModel?: string | undefined
  /** Another sampler than the folder's scheduler, by name: any of `samplerNames` runs any model. */
  readonly sampler?: string | undefined
  /** How the answers with and without the prompt become one: one of `guidanceNames`; `classifier-free` by default. */
  readonly guidanceMethod?: string | undefined
  /** Tokens that a prompt is padded or cut to. */
  readonly maxSequenceLength?: number | undefined
  /** Decodes in overlapping tiles: slower, but in less memory. */
  readonly tiling?: boolean | undefined
  /** What is added to the transformer's weights. */
  readonly lora?: ReadonlyArray<LoraOptions> | undefined
  /** What is reused from step to step, for fewer computations and another, similar video; nothing by default. */
  readonly cache?: CacheOptions | undefined
  /** Splits the VAE's work in time over so many workers. */
  readonly vaeWorkers?: number | undefined
}

/** The latent space that the network needs. */
export const latentSpace = "cogvideox"

export interface LoadedModel {
  readonly folder: ModelFolder
  readonly options: ModelOptions
  readonly loras: ReadonlyArray<LoadedLora>
  /** {@link modelHash} of the folder, found once. */
  readonly hash: Effect.Effect<string, ModelError>
  /** A sentence about each part of the folder, its configs and the LoRA files that has no effect, or is assumed. */
  readonly notices: ReadonlyArray<string>
  /** Frames per second that the model was trained at. */
  readonly fps: number
  readonly layer: Layer.Layer<TextEncoder | Denoiser | VideoVae | Sampler | Guidance, ModelError, Engine>
  /** The network alone, which can be built over another VAE of its latent space. */
  readonly denoiser: Layer.Layer<Denoiser, ModelError, Engine | LatentSpace<typeof latentSpace>>
  /** Each holds the weights of a part against its config, without running it. */
  readonly checks: ReadonlyArray<Effect.Effect<void, ModelError, Engine>>
}

const fails = <A>(part: Layer.Layer<A, ModelError, Engine>): Effect.Effect<void, ModelError, Engine> =>
  Effect.scoped(Effect.asVoid(Layer.build(part)))

/** Reads and checks a model, given by its folder or by a bundled name; its weights are opened when the layer is built. */
export const loadModel: (
  nameOrPath: string,
  options?: ModelOptions,
) => Effect.Effect<LoadedModel, ModelError | RequestError> = Effect.fnUntraced(function* (nameOrPath, options = {}) {
  const { baseModel } = options
  const folder = yield* openModelFolder(yield* resolveModel(nameOrPath), {
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
  const { sampler, process, prediction, notices, guidance } = yield* Effect.try({
    try: () => ({
      ...(options.sampler === undefined
        ? samplers.samplerFromConfig(folder.scheduler)
        : samplers.samplerNamed(options.sampler, folder.scheduler)),
      guidance: samplers.guidanceNamed(options.guidanceMethod ?? "classifier-free"),
    }),
    catch: (cause) => cause as ModelError | RequestError,
  })
  const weights = yield* Effect.all({
    transformer: openWeights(folder.transformer.weights.files),
    vae: openWeights(folder.vae.weights.files),
    textEncoder: openWeights(folder.textEncoder.weights.files),
  })
  const loras = yield* Effect.forEach(options.lora ?? [], loadLora)
  const cache = yield* Effect.try({
    try: () => (options.cache === undefined ? undefined : cacheOf(options.cache, transformer)),
    catch: (cause) => cause as RequestError,
  })
  const textLayer = text.layer({
    config: textEncoder,
    weights: weights.textEncoder,
    tokenizer,
    maxSequenceLength: options.maxSequenceLength ?? transformer.max_text_seq_length,
  })
  const vaeLayer = vae3d.layer({
    config: vae,
    weights: weights.vae,
    tiling: options.tiling ?? false,
    vaeWorkers: options.vaeWorkers ?? 1,
  })
  const denoiserLayer = dit.layer({
    config: transformer,
    weights: weights.transformer,
    loras,
    cache,
    process,
    prediction,
    name: nameWith(folder.name, loras, cache),
  })
  const layer = Layer.mergeAll(
    textLayer,
    Layer.succeed(Sampler, sampler),
    Layer.succeed(Guidance, guidance),
    denoiserLayer.pipe(Layer.provideMerge(vaeLayer)),
  )
  return {
    folder,
    options,
    loras,
    hash: yield* Effect.cached(modelHash(folder)),
    notices: [...folder.notices, ...notices, ...loras.flatMap((lora) => lora.notices)],
    fps: transformer.patch_size_t === null ? 8 : 16,
    layer,
    denoiser: denoiserLayer,
    checks: [fails(textLayer), fails(vaeLayer), fails(Layer.provide(denoiserLayer, vaeLayer))],
  }
})
