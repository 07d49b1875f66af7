import type { Cost } from "../services/cost.ts"
import { demand } from "./check.ts"

/** A cost has to hold finite numbers, none of them below 0. */
export const checkCost = (cost: Cost, what: string): void => {
  for (const [name, amount] of Object.entries(cost) as ReadonlyArray<[string, unknown]>) {
    if (typeof amount !== "number") continue
    demand(Number.isFinite(amount) && amount >= 0, `The cost of ${what} has a "${name}" of ${amount}.`)
  }
  for (const name of ["flops", "weightBytes", "activationBytes"] as const) {
    demand(cost[name] !== undefined, `The cost of ${what} lacks "${name}".`)
  }
}
