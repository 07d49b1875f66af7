import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

/** One law that parts of a kind keep: `run` rejects, with a sentence, when the part breaks it. */
export interface Check {
  readonly name: string
  readonly run: () => Promise<void>
}

/** A law that a part breaks. */
export class BrokenLaw extends Error {
  override readonly name = "BrokenLaw"
}

/** Throws a {@link BrokenLaw} unless a law is kept. */
export function demand(kept: boolean, broken: string): asserts kept {
  if (!kept) throw new BrokenLaw(broken)
}

/** A part to be tested: itself, or the layer of a plugin, which is built anew for each check. */
export type Subject<Service, Shape> = Shape | Layer.Layer<Service, unknown>

/** A law as code: it throws, or fails, when a part breaks it. `context` is all that the part's layer provides. */
export type Law<Shape> = (part: Shape, context: Context.Context<never>) => void | Effect.Effect<void, unknown>

/** The checks of a part's laws. */
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
