import { ModelError, type StoredTensor, type Weights } from "@auteur/core"
import { parseTransformerConfig, type TransformerConfig, transformerProgram } from "@auteur/dit"
import { Graph, type Program, WeightScope } from "@auteur/engine"
import { parseT5Config, t5EncoderProgram } from "@auteur/text"
import { decoder3d, encoder3d, parseVaeConfig, networkProgram } from "@auteur/vae3d"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Json } from "./case-folder.ts"
import { ParityError } from "./parity-error.ts"
import type { CaseResult } from "./scheduler-case.ts"
import { type Shapes, t5ConfigOf } from "./t5-config-of.ts"

const ShapesByName = Schema.Record(Schema.String, Schema.Array(Schema.Int))

/** Weights without numbers that count how often each tensor is asked for. */
class CountingTensors extends Map<string, StoredTensor> {
  readonly uses = new Map<string, number>()

  override get(key: string): StoredTensor | undefined {
    this.uses.set(key, (this.uses.get(key) ?? 0) + 1)
    return super.get(key)
  }
}

const weightsOf = (shapes: Shapes, source: string): Weights & { readonly tensors: CountingTensors } => {
  const tensors = new CountingTensors()
  for (const [name, shape] of Object.entries(shapes)) {
    tensors.set(name, { dtype: "float32", shape, file: source, offset: 0, byteLength: 0 })
  }
  return { source, tensors }
}

/** The smallest size reads the same tensors as any other; a learned table of positions knows the trained one only. */
const transformerOf = (config: TransformerConfig): Program => {
  const learned = config.use_learned_positional_embeddings
  const size = {
    batch: 1,
    frames: learned
      ? Math.floor((config.sample_frames - 1) / config.temporal_compression_ratio) + 1
      : (config.patch_size_t ?? 1),
    height: learned ? config.sample_height : config.patch_size,
    width: learned ? config.sample_width : config.patch_size,
  }
  return transformerProgram(config, size, config.max_text_seq_length)
}

const programsOf: (json: Json, shapes: Shapes) => Effect.Effect<ReadonlyArray<Program>, ParityError | ModelError> =
  Effect.fnUntraced(function* (json, shapes) {
    const config = json["config"] as Json | undefined
    switch (config?.["_class_name"]) {
      case "CogVideoXTransformer3DModel":
        return [transformerOf(yield* parseTransformerConfig(config, "config"))]
      case "AutoencoderKLCogVideoX": {
        const vae = yield* parseVaeConfig(config, "config")
        const side = 2 ** (vae.block_out_channels.length - 1)
        return [encoder3d(vae, 1, side, side), decoder3d(vae, 1, 1, 1)].map((network) =>
          networkProgram(network, { first: true, handsOn: false }),
        )
      }
      case undefined: {
        const t5 = yield* parseT5Config(config ?? t5ConfigOf(shapes), "config")
        return [t5EncoderProgram(t5, { batch: 1, tokens: 8, masked: false })]
      }
      default:
        return yield* new ParityError({ message: `The config is of a ${config?.["_class_name"]}, which is not known.` })
    }
  })

/** Whether the checkpoint stores the T5 token table under two names, of which one is read. */
const isTied = (name: string, shapes: Shapes): boolean =>
  name === "encoder.embed_tokens.weight" && shapes["shared.weight"]?.join() === shapes[name]?.join()

/** Builds the model of a list of names and shapes: each tensor is asked for once. The error counts those that are not. */
export const shapesCase: (
  json: Json,
  source: string,
) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError | ModelError> = Effect.fnUntraced(function* (json, source) {
  const shapes = yield* Effect.mapError(
    Schema.decodeUnknownEffect(ShapesByName)(json["tensors"]),
    () => new ParityError({ message: `The "tensors" of ${source} are not shapes by name.` }),
  )
  const weights = weightsOf(shapes, source)
  for (const program of yield* programsOf(json, shapes)) {
    const graph = new Graph(program.key)
    yield* Effect.try({
      try: () => program.build(graph, new WeightScope(graph, weights)),
      catch: (error) => (error instanceof ModelError ? error : new ParityError({ message: (error as Error).message })),
    })
  }
  const wrong = Object.keys(shapes).filter((name) => weights.tensors.uses.get(name) !== 1 && !isTied(name, shapes))
  const example = wrong[0] === undefined ? "" : `: ${wrong[0]} is used ${weights.tensors.uses.get(wrong[0]) ?? 0} times`
  return [{ name: `tensors used other than once${example}`, error: wrong.length, bound: 0 }]
})
