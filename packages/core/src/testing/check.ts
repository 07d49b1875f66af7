import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Cost } from "../services/cost.ts"

/** One law of a kind of component: `run` rejects, with a sentence, when a component breaks it. */
export interface Check {
  readonly name: string
  readonly run: () => Promise<void>
}

/** A law that a component breaks. */
export class BrokenLaw extends Error {
  override readonly name = "BrokenLaw"
}

/** Throws a {@link BrokenLaw} unless a law is kept. */
export function demand(kept: boolean, broken: string): asserts kept {
  if (!kept) throw new BrokenLaw(broken)
}

/** A component to be tested: itself, or the layer of a plugin, which is built anew for each check. */
export type Subject<Service, Shape> = Shape | Layer.Layer<Service, unknown>

/** A law as code: it throws, or fails, when a component breaks it. `context` is all that the component's layer provides. */
export type Law<Shape> = (component: Shape, context: Context.Context<never>) => void | Effect.Effect<void, unknown>

/** The checks of a component's laws. */
export const checksOf = <Service, Shape>(
  service: Context.Service<Service, Shape>,
  subject: Subject<Service, Shape>,
  laws: Readonly<Record<string, Law<Shape>>>,
): ReadonlyArray<Check> => {
  const built = Layer.isLayer(subject)
    ? Layer.build(subject as Layer.Layer<Service, unknown>)
    : Effect.succeed(Context.make(service, subject as Shape))
  const run = (law: Law<Shape>) =>
    built.pipe(
      Effect.flatMap((context) => law(Context.get(context, service), context) ?? Effect.void),
      Effect.scoped,
      Effect.runPromise,
    )
  return Object.entries(laws).map(([name, law]) => ({ name, run: () => run(law) }))
}

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
