import * as Effect from "effect/Effect"
import { TextEncoder, type TextEncoderShape } from "../services/text-encoder.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import { checkCost, type Check, checksOf, demand, type Subject } from "./check.ts"
import { distance, isSame } from "./latents.ts"

const long = "a red fox runs to the right through the snow and jumps over a log while it rains ".repeat(60)
const prompts = ["a fox", "", "   ", "两只狐狸 🦊 é\u0301\n\t", "a dragon rushes towards you on the ice", long]

/** The laws of a text encoder; see {@link testSampler} for how they are run. */
export const testTextEncoder = (subject: Subject<TextEncoder, TextEncoderShape>): ReadonlyArray<Check> =>
  checksOf(TextEncoder, subject, {
    "gives a row for each of its tokens, whatever the prompt, with values that are finite": (encoder) =>
      Effect.gen(function* () {
        let features: number | undefined
        for (const prompt of prompts) {
          const { embeddings } = yield* encoder.encode(prompt)
          const [batch, tokens, found] = embeddings.shape
          features ??= found
          demand(
            batch === 1 && tokens === encoder.maxSequenceLength && found === features,
            `${shown(prompt)} is encoded to [${embeddings.shape.join(", ")}]: [1, ${encoder.maxSequenceLength}, ${features}] is needed for every prompt.`,
          )
          demand(allFinite(embeddings), `${shown(prompt)} is encoded to values that are not finite.`)
        }
      }),
    "gives the same bits for the same prompt, whatever was encoded before": (encoder) =>
      Effect.gen(function* () {
        const { embeddings: first } = yield* encoder.encode("a fox")
        const kept = first.values().slice()
        yield* encoder.encode("a dragon")
        const { embeddings: again } = yield* encoder.encode("a fox")
        demand(isSame(again, first), "The same prompt is encoded to other bits the second time.")
        demand(
          first.values().every((value, i) => value === kept[i]),
          "Encoding another prompt writes into embeddings that were given out before.",
        )
      }),
    "tells prompts apart": (encoder) =>
      Effect.gen(function* () {
        const [{ embeddings: fox }, { embeddings: dragon }] = [
          yield* encoder.encode("a fox"),
          yield* encoder.encode("a dragon"),
        ]
        demand(distance(fox, dragon) > 0, "Two prompts are encoded to the same embeddings.")
      }),
    "says what did not fit, and nothing where all of it did": (encoder) =>
      Effect.gen(function* () {
        const { truncated } = yield* encoder.encode("a fox")
        demand(truncated === undefined, `"a fox" is said to be cut by "${truncated}".`)
        const cut = (yield* encoder.encode(long)).truncated
        demand(
          cut !== undefined && cut !== "" && long.trim().endsWith(cut.trim()),
          `Of a prompt of ${long.length} characters, ${shown(cut ?? "nothing")} is said not to fit: it has to be the prompt's end.`,
        )
      }),
    "says what encoding takes": (encoder) => Effect.map(encoder.cost, (cost) => checkCost(cost, "encoding a prompt")),
  })

const shown = (prompt: string): string => JSON.stringify(prompt.length > 40 ? `${prompt.slice(0, 40)}…` : prompt)
