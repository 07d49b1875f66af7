import * as Effect from "effect/Effect"
import { Editor, type EditorShape, type EditStep } from "../services/editor.ts"
import { PipelineError } from "../services/errors.ts"
import { Random } from "../random/random.ts"
import type { Latents } from "../tensor/tensor.ts"
import { linearCombination } from "../tensor/tensor-arithmetic.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import { type Check, checksOf, demand, type Subject } from "./check.ts"
import { distance, isSame, latentsOf, normalLatents, watch, softSign } from "./latents.ts"

export interface EditorTestOptions {
  /** Numbers of steps to try. Default 1, 2 and 6. */
  readonly steps?: ReadonlyArray<number>
  /** How far from the source an edit may end whose two prompts are equal. Default 1e-4. */
  readonly tolerance?: number
}

/** The velocity that leads to clean latents `away` from the sample's own, smooth in the sample. */
const velocityTo =
  (away: number): ((sample: Latents, sigma: number) => Latents) =>
  (sample, sigma) =>
    latentsOf(
      sample.values().map((x) => softSign(x) * (1 + sigma) - away),
      sample.shape,
    )

/** The laws of an editor; see {@link testSampler} for how they are run. */
export const testEditor = (
  subject: Subject<Editor, EditorShape>,
  { steps = [1, 2, 6], tolerance = 1e-4 }: EditorTestOptions = {},
): ReadonlyArray<Check> => {
  const source = normalLatents(Random.torch(1))
  const inputAt = (
    index: number,
    total: number,
    edited: Latents,
    random: Random,
    target: number,
    given: Latents = source,
  ): EditStep => {
    const [sigma, nextSigma] = [1 - index / total, 1 - (index + 1) / total]
    return {
      source: given,
      edited,
      sigma,
      nextSigma,
      index,
      total,
      noise: () => normalLatents(random, edited.shape),
      velocity: (prompt, sample) => Effect.sync(() => velocityTo(prompt === "source" ? 0 : target)(sample, sigma)),
    }
  }
  /** A whole edit, or its steps from `begin` on; each step is checked. */
  const edit = Effect.fnUntraced(function* (
    editor: EditorShape,
    total: number,
    target: number,
    begin = 0,
    given: Latents = source,
  ) {
    const random = Random.torch(2)
    let edited = given
    for (let index = begin; index < total; index++) {
      const next = yield* editor.step(inputAt(index, total, edited, random, target, given))
      demand(
        next.shape.join() === given.shape.join(),
        `Step ${index} of ${total} makes latents of [${next.shape.join(", ")}] out of [${given.shape.join(", ")}]: it has to keep the shape.`,
      )
      demand(allFinite(next), `Step ${index} of ${total} makes values that are not finite.`)
      edited = next
    }
    return edited
  })

  return checksOf(Editor, subject, {
    "has a name": ({ name }) => {
      demand(typeof name === "string" && name !== "", "An editor has to have a name, for messages and checkpoints.")
    },
    "keeps the shape, with values that are finite, wherever it begins": (editor) =>
      Effect.gen(function* () {
        for (const total of steps) {
          for (const begin of [0, Math.floor(total / 2), total - 1]) yield* edit(editor, total, 1, begin)
        }
      }),
    "gives the source back when the prompts are equal": (editor) =>
      Effect.gen(function* () {
        for (const total of steps) {
          const away = distance(yield* edit(editor, total, 0), source)
          demand(away <= tolerance, `With equal prompts, an edit of ${total} steps ends ${away} away from its source.`)
        }
      }),
    "changes the video when the prompts differ": (editor) =>
      Effect.gen(function* () {
        const away = distance(yield* edit(editor, steps.at(-1)!, 1), source)
        demand(away > tolerance, "With prompts that differ, an edit gives its source back.")
      }),
    "leaves what it is given alone": (editor) =>
      Effect.gen(function* () {
        const edited = normalLatents(Random.torch(3))
        const input = inputAt(0, 3, edited, Random.torch(4), 1)
        const isUnchanged = watch([source, edited])
        const watched: Array<() => boolean> = []
        yield* editor.step({
          ...input,
          velocity: (prompt, sample) => {
            watched.push(watch([sample]))
            return input.velocity(prompt, sample)
          },
        })
        demand(isUnchanged(), "It writes into the source or the edited latents: it has to make new tensors.")
        demand(
          watched.every((isUnchanged) => isUnchanged()),
          "It writes into a sample that it asked the network with: it has to make new tensors.",
        )
      }),
    "gives the same bits for the same step, whatever was done before": (editor) =>
      Effect.gen(function* () {
        const edited = linearCombination([[0.5, source]])
        const step = (index: number) => editor.step(inputAt(index, 4, edited, Random.torch(5), 1))
        const first = yield* step(2)
        yield* step(1)
        demand(
          isSame(yield* step(2), first),
          "The same step made again gives other bits: an edit that is resumed would be another one; draw from `noise` alone and keep nothing.",
        )
      }),
    "fails as the network fails": (editor) =>
      Effect.gen(function* () {
        const broken = new PipelineError({ message: "The network cannot be asked." })
        const input = { ...inputAt(0, 2, source, Random.torch(6), 1), velocity: () => Effect.fail(broken) }
        const error = yield* Effect.match(editor.step(input), { onSuccess: () => "none", onFailure: (error) => error })
        demand(error === broken, `Where the network fails, its error has to come through; it is ${String(error)}.`)
      }),
    "stays finite on extreme latents": (editor) =>
      Effect.gen(function* () {
        for (const value of [0, 1e4, -1e4, 1e-30]) {
          yield* edit(editor, 3, 1, 0, latentsOf(new Float32Array(source.size).fill(value)))
        }
      }),
  })
}
