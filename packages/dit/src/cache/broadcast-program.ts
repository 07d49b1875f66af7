import type { Program } from "@auteur/engine"
import { blocks, embed, head, keyOf, type TransformerShape } from "../transformer.ts"
import { streamShapes } from "./step-programs.ts"

/** The output of one block's attention, text first. (B, text and video tokens, D) */
export const attentionShape = (shape: TransformerShape): readonly [number, number, number] => {
  const { text, video } = streamShapes(shape)
  return [video[0], text[1] + video[1], video[2]]
}

/**
 * The transformer with the attention of some blocks given. Inputs: the transformer's own, and `attention.I` for each block of `reused`.
 * Outputs: `sample`, and `attention.I` for each other block.
 */
export const broadcastProgram = (shape: TransformerShape, reused: ReadonlySet<number>): Program => {
  const { num_layers } = shape.config
  return {
    key: `transformer broadcast to ${[...reused].join(" ") || "none"} ${keyOf(shape)}`,
    build: (graph, weights) => {
      const { tokens, time } = embed(graph, shape, weights)
      const e = time.silu()
      const { video } = blocks(tokens, e, [0, num_layers], shape, weights, (block) => (compute) => {
        const name = `attention.${block}`
        if (reused.has(block)) return graph.input(name, attentionShape(shape))
        const attention = compute()
        graph.output(name, attention)
        return attention
      })
      graph.output("sample", head(video, e, shape, weights))
    },
  }
}
