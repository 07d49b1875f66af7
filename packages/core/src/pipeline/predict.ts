import * as Effect from "effect/Effect"
import { Denoiser } from "../services/denoiser.ts"
import { type EngineError, type ModelError, PipelineError } from "../services/errors.ts"
import { Guidance } from "../services/guidance.ts"
import { changeProcess } from "../noise/noise-levels.ts"
import type { Level, NoiseProcess, Prediction } from "../noise/noise-process.ts"
import { guarded } from "./component-error.ts"
import { componentName } from "../plugin/component-origin.ts"
import type { ComponentState } from "../services/component-state.ts"
import { isLatents, type Latents } from "../tensor/tensor.ts"
import { linearCombination } from "../tensor/tensor-arithmetic.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import type { TextEmbeddings } from "../services/text-encoder.ts"

/** A prompt as the network is asked with it: its embeddings, those of the negative prompt where they are used, and the guidance's strength. */
export interface GuidedText {
  readonly texts: ReadonlyArray<TextEmbeddings>
  readonly scale: number
  /** The text encoder, for messages, where it is a plugin's. */
  readonly encoder?: string | undefined
}

/** What the parts keep from step to step of a run. */
export interface ComponentStates {
  readonly denoiser: ComponentState
  readonly guidance: ComponentState
}

/** What the network is asked. */
export interface GuidedInput extends GuidedText {
  readonly sample: Latents
  /** Where the sample is on `process`. */
  readonly level: Level
  readonly process: NoiseProcess
  readonly image: Latents | undefined
  readonly states: ComponentStates
  /** The place in the run, for the guidance. */
  readonly index: number
  readonly steps: number
  /** Whether nothing is asked with this memory afterwards. */
  readonly last: boolean
  /** The place in the run, for messages. */
  readonly at: string
}

/** Asks the network at a level, in the network's own process, and applies the guidance. */
export const predict: (
  question: GuidedInput,
) => Effect.Effect<Prediction, PipelineError | EngineError | ModelError, Denoiser | Guidance> = Effect.fnUntraced(
  function* (question) {
    const { texts, scale, image, states, index, steps, last, at } = question
    const denoiser = yield* Denoiser
    const guidance = yield* Guidance
    const { level, factor } = changeProcess(question.process, denoiser.process, question.level)
    const sample = factor === 1 ? question.sample : linearCombination([[factor, question.sample]])

    const model = componentName("model", denoiser, denoiser.name)
    const input = { sample, level, texts, image, state: states.denoiser, last }
    const answers = yield* guarded(`${model} ${at}`, () => denoiser.predict(input)).pipe(
      // What is wrong may be the texts.
      Effect.mapError((error) =>
        question.encoder === undefined || error._tag !== "PipelineError"
          ? error
          : new PipelineError({ message: `${error.message} (${question.encoder} made the embeddings.)`, cause: error }),
      ),
    )
    if (answers?.length !== texts.length) {
      return yield* new PipelineError({
        message: `${model} gave ${answers?.length ?? "no"} answers to ${texts.length} texts ${at}: it has to give one for each.`,
      })
    }
    for (const answer of answers) yield* checkPrediction(model, answer, sample, at)
    const [conditional, unconditional] = answers as readonly [Prediction, Prediction?]
    if (unconditional === undefined) return conditional

    const part = componentName("guidance", guidance, guidance.name)
    const combined = yield* guarded(`${part} ${at}`, () =>
      Effect.sync(() =>
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
      ),
    )
    yield* checkPrediction(part, combined, sample, at)
    return combined
  },
)

const checkPrediction = Effect.fnUntraced(function* (
  part: string,
  prediction: Prediction | undefined,
  sample: Latents,
  at: string,
) {
  for (const [name, answer] of [
    ["clean latents", prediction?.clean],
    ["noise", prediction?.noise],
  ] as const) {
    if (!isLatents(answer)) {
      return yield* new PipelineError({
        message: `${part} answered ${at} without ${name}: a prediction has to hold latents of [${sample.shape.join(", ")}].`,
      })
    }
    if (answer.shape.join() !== sample.shape.join()) {
      return yield* new PipelineError({
        message: `${part} answered ${at} with ${name} of [${answer.shape.join(", ")}] to a sample of [${sample.shape.join(", ")}]: the two have to be alike.`,
      })
    }
    if (!allFinite(answer.contiguous())) {
      return yield* new PipelineError({
        message: `${part} answered ${at} with values that are not finite in its ${name}: check its weights and its settings, or run it at a higher precision.`,
      })
    }
  }
})
