import * as Effect from "effect/Effect"
import { componentName, pluginOf } from "../plugin/component-origin.ts"
import { type EngineError, type ModelError, PipelineError } from "../services/errors.ts"
import { Guidance } from "../services/guidance.ts"
import { type TextEmbeddings, TextEncoder } from "../services/text-encoder.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import { guarded } from "./component-error.ts"
import type { GivenEmbeddings, RunRequest } from "./pipeline-request.ts"

/** A prompt as the network is given it, and the strength of its guidance. */
export interface GuidedText {
  /** The embeddings of the prompt and, where guidance uses them, of the negative prompt. */
  readonly texts: ReadonlyArray<TextEmbeddings>
  readonly scale: number
  /** The text encoder, for messages, where it is a plugin's. */
  readonly encoder?: string | undefined
}

/** The prompts of a run: of the video to make, and of the one that it is made from. */
export interface RunTexts {
  readonly target: GuidedText
  readonly source: GuidedText | undefined
  /** The end of the prompt that did not fit. */
  readonly truncated: string | undefined
}

type TextError = PipelineError | EngineError | ModelError

/** Encodes the prompts of a request whose embeddings are not given. */
export const encodeTexts: (
  request: RunRequest,
  given: GivenEmbeddings,
) => Effect.Effect<RunTexts, TextError, TextEncoder | Guidance> = Effect.fnUntraced(function* (request, given) {
  const textEncoder = yield* TextEncoder
  const encoder = pluginOf(textEncoder) === undefined ? undefined : componentName("text encoder", textEncoder)
  const { prompt, guidanceScale, sourcePrompt, sourceGuidanceScale = 1 } = request
  const { embeddings, truncated } =
    given.promptEmbeddings === undefined
      ? yield* encodeText(prompt)
      : { embeddings: given.promptEmbeddings, truncated: undefined }
  const guided = Effect.fnUntraced(function* (positive: TextEmbeddings, scale: number) {
    const text: GuidedText = { texts: [positive], scale, encoder }
    return yield* withNegative(text, request, given)
  })
  const target = yield* guided(embeddings, guidanceScale)
  const source =
    sourcePrompt === undefined
      ? undefined
      : yield* guided((yield* encodeText(sourcePrompt)).embeddings, sourceGuidanceScale)
  yield* Effect.logDebug(`The prompt is encoded to [${embeddings.shape.join(", ")}].`)
  const texts: RunTexts = { target, source, truncated }
  return texts
}, Effect.withSpan("auteur.text"))

/** A text with the negative prompt beside it, where the guidance uses one at its scale. */
export const withNegative: (
  text: GuidedText,
  request: RunRequest,
  given: GivenEmbeddings,
) => Effect.Effect<GuidedText, TextError, TextEncoder | Guidance> = Effect.fnUntraced(function* (
  text,
  { negativePrompt = "" },
  { negativePromptEmbeddings },
) {
  const guidance = yield* Guidance
  if (text.texts.length > 1 || !guidance.usesUnconditional(text.scale)) return text
  const negative = negativePromptEmbeddings ?? (yield* encodeText(negativePrompt)).embeddings
  return { ...text, texts: [...text.texts, negative] }
})

const encodeText = Effect.fnUntraced(function* (prompt: string) {
  const textEncoder = yield* TextEncoder
  const component = componentName("text encoder", textEncoder)
  const encoded = yield* guarded(component, () => textEncoder.encode(prompt))
  const { layout, shape, dtype } = encoded?.embeddings ?? {}
  if (layout !== "batch tokens features" || shape?.[0] !== 1 || dtype !== "float32") {
    return yield* new PipelineError({
      message: `${component} gave ${shape === undefined ? "no embeddings" : `embeddings of [${shape.join(", ")}]`} for a prompt: float32 embeddings of [1, tokens, features] are needed.`,
    })
  }
  if (!allFinite(encoded.embeddings.contiguous())) {
    return yield* new PipelineError({
      message: `${component} gave embeddings with values that are not finite: check that its weights are not damaged.`,
    })
  }
  return encoded
})
