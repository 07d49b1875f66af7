import type { Cost } from "@auteur/core"

/** A cost with bytes that are held besides the sessions, during the call and until the next one. */
export const heldBesides = (cost: Cost, bytes: number): Cost => ({
  ...cost,
  activationBytes: cost.activationBytes + bytes,
  keptBytes: (cost.keptBytes ?? 0) + bytes,
})
