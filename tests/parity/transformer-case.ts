import type { ModelError, EngineError } from "@auteur/core"
import { parseTransformerConfig, transformerProgram } from "@auteur/dit"
import { Engine } from "@auteur/engine"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type CaseFolder, floats, type Json, type Tensors } from "./case-folder.ts"
import { openCaseWeights } from "./case-weights.ts"
import { compare, moduleBound } from "./comparison.ts"
import type { ParityError } from "./parity-error.ts"
import type { CaseResult } from "./scheduler-case.ts"

/** One forward of the transformer in the folder, at the sizes of its inputs. */
export const transformerCase: (
  folder: CaseFolder,
  json: Json,
  tensors: Tensors,
) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError | ModelError | EngineError, Engine | Scope.Scope> =
  Effect.fnUntraced(function* (folder, json, tensors) {
    const config = yield* parseTransformerConfig(json, "config.json")
    const model = yield* (yield* Engine).open(yield* openCaseWeights(folder))
    const hidden = yield* floats(tensors, "in.hidden_states") // (B, F, C, h, w)
    const text = yield* floats(tensors, "in.encoder_hidden_states") // (B, tokens, features)
    const [batch, frames, , height, width] = hidden.shape as [number, number, number, number, number]
    const program = transformerProgram(config, { batch, frames, height, width }, text.shape[1]!)
    const { sample } = yield* model.run(program, {
      hidden_states: hidden,
      encoder_hidden_states: text,
      timestep: yield* floats(tensors, "in.timestep"),
      ...(config.ofs_embed_dim === null ? {} : { ofs: yield* floats(tensors, "in.ofs") }),
    })
    return [compare("sample", sample!, yield* floats(tensors, "out.sample"), moduleBound)]
  })
