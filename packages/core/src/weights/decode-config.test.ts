import { assert, describe, it } from "@effect/vitest"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import { decodeConfig } from "./decode-config.ts"

const schema = Schema.Struct({
  layers: Schema.Int.check(Schema.isGreaterThan(0)),
  widths: Schema.optionalKey(Schema.Array(Schema.Int)),
})
const named = { component: "network", source: "network/config.json" }
const messageOf = (json: unknown, options?: Parameters<typeof decodeConfig<(typeof schema)["Type"]>>[3]) =>
  Result.merge(Result.mapError(decodeConfig(schema, json, named, options), ({ message }) => message))

describe("decodeConfig", () => {
  it("ignores unknown fields unless they are refused", () => {
    assert.deepStrictEqual(messageOf({ layers: 2, dropout: 0 }), { layers: 2 })
    assert.strictEqual(
      messageOf({ layers: 2, dropout: 0 }, { unknownFields: "refuse" }),
      'network/config.json cannot be used: "dropout" is 0, but there is no such field: use the network\'s own config file.',
    )
  })

  it("names every field that cannot be run with its value, those inside of others too", () => {
    assert.strictEqual(
      messageOf({ layers: 0, widths: [1, 0.5] }),
      'network/config.json cannot be used: "layers" is 0, but a value greater than 0 is needed; "widths.1" is 0.5, but an integer is needed: use the network\'s own config file.',
    )
    assert.include(messageOf({}), '"layers" is missing')
  })

  it("names fields that contradict each other", () => {
    const contradiction = ({ layers, widths }: (typeof schema)["Type"]) =>
      widths?.length === layers ? undefined : `"widths" has ${widths?.length} numbers for ${layers} layers`
    assert.include(messageOf({ layers: 2, widths: [1] }, { contradiction }), "has 1 numbers for 2 layers")
    assert.deepStrictEqual(messageOf({ layers: 1, widths: [1] }, { contradiction }), { layers: 1, widths: [1] })
  })

  it("refuses what is not an object, and shortens long values", () => {
    for (const json of [undefined, null, 3, "{}", []]) assert.include(messageOf(json), "is not a JSON object")
    assert.isBelow(String(messageOf({ layers: "9".repeat(1e6) })).length, 300)
  })
})
