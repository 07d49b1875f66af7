import * as Effect from "effect/Effect"
import { changeProcess } from "../noise/noise-levels.ts"
import type { Level, NoiseProcess, Prediction } from "../noise/noise-process.ts"
import { componentName } from "../plugin/component-origin.ts"
import type { ComponentStates } from "../services/component-state.ts"
import { Denoiser } from "../services/denoiser.ts"
import { type EngineError, type ModelError, PipelineError } from "../services/errors.ts"
import { Guidance } from "../services/guidance.ts"
import { isLatents, type Latents } from "../tensor/tensor.ts"
import { linearCombination } from "../tensor/tensor-arithmetic.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import { guarded, guardedSync } from "./component-error.ts"
import type { GuidedText } from "./encode-text.ts"

/** One evaluation of the network with guidance. */
export interface GuidedInput extends GuidedText {
  readonly sample: Latents
  /** The level of the sample on `process`. */
  readonly level: Level
  readonly process: NoiseProcess
  readonly image: Latents | undefined
  readonly states: ComponentStates
  /** The step of the run, and how many there are, for the guidance. */
  readonly index: number
  readonly steps: number
  /** Whether no evaluation with these states follows. */
  readonly last: boolean
  /** The step, for messages. */
  readonly at: string
}

/** Evaluates the network at a level, in the network's own process, and combines its predictions by the guidance. */
export const predict: (
  input: GuidedInput,
) => Effect.Effect<Prediction, PipelineError | EngineError | ModelError, Denoiser | Guidance> = Effect.fnUntraced(
  function* ({ process, texts, scale, encoder, image, states, index, steps, last, at, ...input }) {
    const denoiser = yield* Denoiser
    const guidance = yield* Guidance
    const { level, factor } = changeProcess(process, denoiser.process, input.level)
    const sample = factor === 1 ? input.sample : linearCombination([[factor, input.sample]])

    const model = componentName("model", denoiser, denoiser.name)
    const predictions = yield* guarded(`${model} ${at}`, () =>
      denoiser.predict({ sample, level, texts, image, state: states.denoiser, last }),
    ).pipe(
      // The texts may be at fault.
      Effect.mapError((error) =>
        encoder === undefined || error._tag !== "PipelineError"
          ? error
          : new PipelineError({ message: `${error.message} (${encoder} made the embeddings.)`, cause: error }),
      ),
    )
    if (predictions?.length !== texts.length) {
      return yield* new PipelineError({
        message: `${model} gave ${predictions?.length ?? "no"} predictions for ${texts.length} texts ${at}: it has to give one for each.`,
      })
    }
    for (const prediction of predictions) yield* checkPrediction(model, prediction, sample, at)
    const [conditional, unconditional] = predictions as readonly [Prediction, Prediction?]
    if (unconditional === undefined) return conditional

    const component = componentName("guidance", guidance, guidance.name)
    const combined = yield* guardedSync(`${component} ${at}`, () =>
      guidance.combine({
        conditional,
        unconditional,
        scale,
        level,
        process: denoiser.process,
        index,
        steps,
        state: states.guidance,
      }),
    )
    yield* checkPrediction(component, combined, sample, at)
    return combined
  },
)

const checkPrediction = Effect.fnUntraced(function* (
  component: string,
  prediction: Prediction | undefined,
  sample: Latents,
  at: string,
) {
  for (const [name, latents] of [
    ["clean latents", prediction?.clean],
    ["noise", prediction?.noise],
  ] as const) {
    if (!isLatents(latents)) {
      return yield* new PipelineError({
        message: `${component} gave a prediction without ${name} ${at}: latents of [${sample.shape.join(", ")}] are needed.`,
      })
    }
    if (latents.shape.join() !== sample.shape.join()) {
      return yield* new PipelineError({
        message: `${component} gave ${name} of [${latents.shape.join(", ")}] for a sample of [${sample.shape.join(", ")}] ${at}: the two shapes have to be equal.`,
      })
    }
    if (!allFinite(latents.contiguous())) {
      return yield* new PipelineError({
        message: `${component} gave ${name} with values that are not finite ${at}: check its weights and its settings, or run it at a higher precision.`,
      })
    }
  }
})
