import { Random } from "@auteur/core"
import * as Effect from "effect/Effect"
import type { Json, Tensors } from "./case-folder.ts"
import { compare, type Numbers } from "./comparison.ts"
import { ParityError } from "./parity-error.ts"
import type { CaseResult } from "./scheduler-case.ts"

type Kind = "randn" | "rand" | "randn64" | "randint"

/** One draw of the generator: its kind and its count, and the range of integers. */
interface Draw {
  readonly kind: Kind
  readonly count: number
  readonly low: number
  readonly high: number
}

const phrase =
  /(?<wide>float64 )?(?<kind>randn|randint|rand)(?:\((?<low>-?\d+), ?(?<high>\d+)\))? of (?<counts>[\d, ]*\d)/g

/** The draws of a note such as "randn of 1, 5 values, rand of 9, float64 randn of 20, randint(0,1000) of 9", in its order. */
const drawsOf = (note: string): ReadonlyArray<Draw> =>
  [...note.matchAll(phrase)].flatMap(({ groups }) => {
    const { wide, kind, low, high, counts } = groups as Record<string, string | undefined>
    const range = { low: Number(low ?? 0), high: Number(high ?? 0) }
    return counts!
      .split(",")
      .map((count) => ({ kind: `${kind}${wide === undefined ? "" : 64}` as Kind, count: Number(count), ...range }))
  })

const name = /^out\.(?<kind>randn64|randn|randint|rand)\.(?<seed>-?\d+)(?:\.(?<count>\d+))?$/

const draw = (random: Random, { kind, count, low, high }: Draw): Numbers => {
  switch (kind) {
    case "randn":
      return { shape: [count], data: random.normal(count) }
    case "randn64":
      return { shape: [count], data: random.normalFloat64(count) }
    case "rand":
      return { shape: [count], data: random.uniform(count) }
    case "randint":
      return { shape: [count], data: BigInt64Array.from(random.integers(low, high, count), BigInt) }
  }
}

/**
 * The order in which one seed's tensors were drawn: as the note lists the kinds, and the counts of each kind; where the note does not
 * list a count that is there, from small to large. A wrong order cannot pass, since all draws of a seed come from one generator.
 */
const ordered = (listed: ReadonlyArray<Draw>, present: ReadonlyMap<Kind, ReadonlyArray<number>>): ReadonlyArray<Draw> =>
  [...new Set(listed.map(({ kind }) => kind))].flatMap((kind) => {
    const draws = listed.filter((each) => each.kind === kind)
    const counts = present.get(kind) ?? []
    if (counts.every((count) => draws.some((each) => each.count === count))) return draws
    return counts.toSorted((a, b) => a - b).map((count) => ({ ...draws[0]!, count }))
  })

/** Draws for each seed that the tensor names give, in the order that the note gives. */
export const randomCase: (json: Json, tensors: Tensors) => Effect.Effect<ReadonlyArray<CaseResult>, ParityError> =
  Effect.fnUntraced(function* (json, tensors) {
    const seeds = new Map<string, Map<Kind, Array<number>>>()
    for (const [key, tensor] of tensors) {
      const groups = name.exec(key)?.groups
      if (groups === undefined) continue
      const kinds = seeds.get(groups["seed"]!) ?? new Map<Kind, Array<number>>()
      const kind = groups["kind"] as Kind
      kinds.set(kind, [...(kinds.get(kind) ?? []), Number(groups["count"] ?? tensor.shape[0])])
      seeds.set(groups["seed"]!, kinds)
    }
    const listed = drawsOf(String(json["note"]))
    const missing = [...seeds.values()]
      .flatMap((kinds) => [...kinds.keys()])
      .find((kind) => !listed.some((each) => each.kind === kind))
    if (missing !== undefined) {
      return yield* new ParityError({
        message: `The note in case.json does not say when ${missing} is drawn: "randn of 1, 5 values, rand of 9" is its form.`,
      })
    }
    return [...seeds].flatMap(([seed, counts]) => {
      const random = Random.torch(BigInt(seed))
      return ordered(listed, counts).flatMap((each) => {
        const found = draw(random, each)
        const output = [`${each.kind}.${seed}.${each.count}`, `${each.kind}.${seed}`].find((key) =>
          tensors.has(`out.${key}`),
        )
        const bound = each.kind === "rand" || each.kind === "randint" ? 0 : 1e-6
        return output === undefined ? [] : [compare(output, found, tensors.get(`out.${output}`)!, bound)]
      })
    })
  })
