import { readFileSync } from "node:fs"
import { assert, it } from "@effect/vitest"
import { golden } from "../../test/encoder-golden.ts"
import { relativePositionBucket } from "./encoder.ts"

interface Case {
  readonly buckets: number
  readonly distance: number
  readonly from: number
  readonly expected: ReadonlyArray<number>
}
const cases = JSON.parse(readFileSync(golden("relative-position-buckets.json"), "utf8")) as ReadonlyArray<Case>

it.each(cases)("puts every distance into the reference's bucket: $buckets to $distance", (row) => {
  const config = { relative_attention_num_buckets: row.buckets, relative_attention_max_distance: row.distance }
  assert.deepStrictEqual(
    row.expected.map((_, i) => relativePositionBucket(row.from + i, config)),
    row.expected,
  )
})
