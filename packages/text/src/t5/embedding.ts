import type { Value } from "@auteur/engine"

/**
 * Rows of a token table, widened after they are picked: a 16-bit table stays as it is stored, where float32 would take twice
 * its size for a few hundred rows of it. table: (V, D), read for this alone; ids: (B, N) → (B, N, D)
 */
export const embedding = (ids: Value, table: Value): Value => {
  const { nodes } = ids.graph
  const widening = nodes.findLastIndex((node) => node.operator === "Cast" && node.outputs[0] === table)
  const stored = widening < 0 ? undefined : nodes.splice(widening, 1)[0]?.inputs[0]
  return (stored ?? table).gather(ids).cast("float32")
}
