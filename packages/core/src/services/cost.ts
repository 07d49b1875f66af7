/** The cost of running a component once: its work, and the memory of the sessions that do it. Amounts that are left out are 0. */
export interface Cost {
  /** Floating-point operations. */
  readonly flops: number
  /** Those of {@link Cost.flops} that attention takes. */
  readonly attentionFlops?: number
  /** Bytes that convolutions gather for their matrix products. */
  readonly columnBytes?: number
  /** Bytes that operators read and write. */
  readonly bytesMoved?: number
  /** Operators that run. */
  readonly operators?: number
  /** Operators that its sessions are built of. */
  readonly builtOperators?: number
  /** Bytes of weights that are widened and packed when its sessions are made. */
  readonly loadedBytes?: number
  /** Bytes of the weights in memory while it runs. */
  readonly weightBytes: number
  /** Bytes of the largest set of intermediate results alive at once. */
  readonly activationBytes: number
  /** Those of {@link Cost.activationBytes} that its sessions keep for the next run. */
  readonly keptBytes?: number
}

/** The cost of running the same sessions several times. */
export const timesCost = (cost: Cost, times: number): Cost => ({
  ...cost,
  flops: times * cost.flops,
  attentionFlops: times * (cost.attentionFlops ?? 0),
  columnBytes: times * (cost.columnBytes ?? 0),
  bytesMoved: times * (cost.bytesMoved ?? 0),
  operators: times * (cost.operators ?? 0),
})

/** The cost of running several sessions one after the other, none of which is given back meanwhile. */
export const costInTurn = (costs: ReadonlyArray<Cost>): Cost => {
  const sum = (name: keyof Cost): number => costs.reduce((total, cost) => total + (cost[name] ?? 0), 0)
  let [held, peak] = [0, 0]
  for (const { weightBytes, activationBytes, keptBytes = 0 } of costs) {
    peak = Math.max(peak, held + weightBytes + activationBytes)
    held += weightBytes + keptBytes
  }
  return {
    flops: sum("flops"),
    attentionFlops: sum("attentionFlops"),
    columnBytes: sum("columnBytes"),
    bytesMoved: sum("bytesMoved"),
    operators: sum("operators"),
    builtOperators: sum("builtOperators"),
    loadedBytes: sum("loadedBytes"),
    weightBytes: sum("weightBytes"),
    activationBytes: Math.max(peak, held) - sum("weightBytes"),
    keptBytes: sum("keptBytes"),
  }
}
