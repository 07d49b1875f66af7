import { join } from "node:path"
import type { ModelError, Weights } from "@auteur/core"
import { openWeights } from "@auteur/engine/node"
import { findWeights } from "@auteur/hub"
import * as Effect from "effect/Effect"
import type { CaseFolder } from "./case-folder.ts"
import { ParityError } from "./parity-error.ts"

/** The checkpoint of a case, which lies beside its reference values. */
export const openCaseWeights: (folder: CaseFolder) => Effect.Effect<Weights, ParityError | ModelError> =
  Effect.fnUntraced(function* ({ path, files }) {
    const names = [...files]
    if (names.some((name) => name.endsWith(".safetensors.index.json"))) {
      return yield* openWeights((yield* findWeights(path)).files)
    }
    const file = names.find((name) => name.endsWith(".safetensors") && name !== "io.safetensors")
    if (file !== undefined) return yield* openWeights(join(path, file))
    return yield* new ParityError({
      message: `${path} has no weights: a .safetensors file is needed beside io.safetensors.`,
    })
  })
