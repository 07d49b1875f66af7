import type { Program, Shape, Value, WeightScope } from "@auteur/engine"
import { expertLayerNorm } from "../expert-layer-norm.ts"
import { gridOf } from "../grid.ts"
import type { Streams } from "../streams.ts"
import { blocks, embed, head, keyOf, type TransformerShape } from "../transformer.ts"
import type { StepSignal } from "./step-cache.ts"

interface StreamShapes {
  readonly text: readonly [batch: number, tokens: number, D: number]
  readonly video: readonly [batch: number, tokens: number, D: number]
  readonly conditioning: readonly [batch: number, E: number]
}

/** The shapes of what {@link beginProgram} leaves. */
export const streamShapes = ({ config, size, textTokens }: TransformerShape): StreamShapes => {
  const grid = gridOf(config, size)
  const D = config.num_attention_heads * config.attention_head_dim
  return {
    text: [size.batch, textTokens, D],
    video: [size.batch, grid.frames * grid.height * grid.width, D],
    conditioning: [size.batch, config.time_embed_dim],
  }
}

/** The shape of a signal. */
export const signalShape = (shape: TransformerShape, signal: StepSignal): Shape =>
  signal === "timestep-embedding" ? [shape.size.batch, 1, shape.config.time_embed_dim] : streamShapes(shape).video

/** Blocks that are run before a step cache decides. */
const blocksBefore = (signal: StepSignal): number => (signal === "first-block-residual" ? 1 : 0)

/**
 * The transformer up to where a step cache decides. Inputs: the transformer's own. Outputs: `signal`, and what goes on from there:
 * `text` and `video` (B, tokens, D) and `conditioning` (B, E), which stay where they are computed.
 */
export const beginProgram = (shape: TransformerShape, signal: StepSignal): Program => ({
  key: `transformer begin, ${signal} ${keyOf(shape)}`,
  build: (graph, weights) => {
    const { tokens, time } = embed(graph, shape, weights)
    const e = time.silu()
    const streams = blocks(tokens, e, [0, blocksBefore(signal)], shape, weights)
    graph.output("signal", signalOf(signal, tokens, streams, time, shape, weights))
    graph.output("text", streams.text)
    graph.output("video", streams.video)
    graph.output("conditioning", e)
  },
})

const signalOf = (
  signal: StepSignal,
  tokens: Streams,
  streams: Streams,
  time: Value,
  { config }: TransformerShape,
  weights: WeightScope,
): Value => {
  switch (signal) {
    case "timestep-embedding":
      return time.reshape([time.length(0), 1, time.length(1)])
    case "modulated-input":
      return expertLayerNorm(tokens, time.silu(), weights.scope("transformer_blocks.0.norm1"), config.norm_eps).normed
        .video
    case "first-block-residual":
      return streams.video.subtract(tokens.video)
  }
}

/** The rest of the transformer. Inputs: what {@link beginProgram} leaves. Outputs: `sample`, and `residual`: what its blocks added to the video. */
export const finishProgram = (shape: TransformerShape, signal: StepSignal): Program => ({
  key: `transformer finish, ${signal} ${keyOf(shape)}`,
  build: (graph, weights) => {
    const { config } = shape
    const shapes = streamShapes(shape)
    const [text, video] = [graph.input("text", shapes.text), graph.input("video", shapes.video)]
    const conditioning = graph.input("conditioning", shapes.conditioning)
    const streams = blocks({ text, video }, conditioning, [blocksBefore(signal), config.num_layers], shape, weights)
    graph.output("sample", head(streams.video, conditioning, shape, weights))
    graph.output("residual", streams.video.subtract(video))
  },
})

/** The rest of the transformer with `residual` in the place of its blocks. Inputs: `video`, `conditioning`, `residual`. Output: `sample`. */
export const reuseProgram = (shape: TransformerShape): Program => ({
  key: `transformer reuse ${keyOf(shape)}`,
  build: (graph, weights) => {
    const shapes = streamShapes(shape)
    const [video, residual] = [graph.input("video", shapes.video), graph.input("residual", shapes.video)]
    graph.output("sample", head(video.add(residual), graph.input("conditioning", shapes.conditioning), shape, weights))
  },
})
