import { Hardware } from "@auteur/core"
import { calibrate, Engine, defaultMemoryShare } from "@auteur/engine"
import { availableMemory } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** Memory of the engine before the first session: its thread, ONNX Runtime itself and the models' programs. */
const runtimeBytes = 62 * 2 ** 20

/**
 * The memory that is free when the layer is built, so that a request that cannot fit is refused before the work; and how fast
 * the engine is on it, which is measured when it is first asked for.
 */
export const machineLayer: Layer.Layer<never, never, Engine> = Layer.effect(
  Hardware,
  Effect.gen(function* () {
    const memoryBytes = availableMemory()
    const engine = yield* Engine
    const speed = yield* Effect.cached(Effect.provideService(calibrate, Engine, engine))
    return { memoryBytes, sessionBytes: memoryBytes * defaultMemoryShare, runtimeBytes, speed }
  }),
)
