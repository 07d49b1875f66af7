import { ModelError } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

const toIssues = SchemaIssue.makeFormatterStandardSchemaV1()

/**
 * Reads the content of a component's `config.json` by the schema of what can be run. `component` is what messages call it, `source`
 * names the file.
 *
 * Fails with a {@link ModelError} that names the field and its value when it is of the wrong type or asks for something that
 * cannot be run, or says what fields have against each other by `contradiction`.
 */
export const decodeConfig = <A>(
  component: string,
  schema: Schema.ConstraintDecoder<A>,
  contradiction: (config: A) => string | undefined,
  json: unknown,
  source: string,
): Effect.Effect<A, ModelError> =>
  Effect.gen(function* () {
    const config = yield* Effect.mapError(
      Schema.decodeUnknownEffect(schema)(json),
      ({ issue }) => new ModelError({ message: describe(issue, component, json, source) }),
    )
    const conflict = contradiction(config)
    if (conflict === undefined) return config
    return yield* new ModelError({
      message: `${source} cannot be run: ${conflict}; take the config.json that belongs to the weights.`,
    })
  })

const describe = (issue: SchemaIssue.Issue, component: string, json: unknown, source: string): string => {
  const first = toIssues(issue).issues[0]
  const key = first?.path?.[0]
  if (first === undefined || typeof key !== "string") {
    return `${source} is not a JSON object: take the ${component}'s own config.json.`
  }
  const value: unknown = (json as Record<string, unknown>)[key]
  if (value === undefined) return `${source} has no "${key}": take the ${component}'s own config.json.`
  const needed = first.message.replace(/^Expected /, "")
  return `${source}: "${key}" is ${shortened(JSON.stringify(value))}, but ${needed} is needed: take one that has it.`
}

const shortened = (text: string): string => (text.length <= 100 ? text : `${text.slice(0, 100)}…`)
