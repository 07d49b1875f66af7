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

/** Runs a check's body with the part, and with what else its layer provides. */
const withPart = async <Service, Shape>(
  service: Context.Service<Service, Shape>,
  subject: Subject<Service, Shape>,
  body: (part: Shape, context: Context.Context<never>) => Promise<void> | void,
): Promise<void> => {
  if (!Layer.isLayer(subject)) return body(subject as Shape, Context.empty())
  await Effect.runPromise(
    Effect.scoped(
      Effect.gen(function* () {
        const context = yield* Layer.build(subject as Layer.Layer<Service, unknown>)
        yield* Effect.promise(async () => body(Context.get(context, service), context))
      }),
    ),
  )
}

/** Checks made of laws that are given the part. */
export const checksOf = <Service, Shape>(
  service: Context.Service<Service, Shape>,
  subject: Subject<Service, Shape>,
  laws: Readonly<Record<string, (part: Shape, context: Context.Context<never>) => Promise<void> | void>>,
): ReadonlyArray<Check> =>
  Object.entries(laws).map(([name, law]) => ({ name, run: () => withPart(service, subject, law) }))
