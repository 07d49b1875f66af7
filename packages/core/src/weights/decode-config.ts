import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"
import { ModelError } from "../services/errors.ts"

const toIssues = SchemaIssue.makeFormatterStandardSchemaV1()

/** A component's config file, as messages name it. */
export interface ConfigSource {
  /** The component that the config belongs to, such as "expert transformer". */
  readonly component: string
  /** The file. */
  readonly source: string
}

/**
 * Reads the content of a component's config file with the schema of the configs that can be run.
 *
 * Fails with a {@link ModelError} that names every field which is missing, of the wrong type, set to something that cannot be run or,
 * where `unknownFields` is "refuse", unknown. `contradiction` names fields that are legal alone, but not together.
 */
export const decodeConfig = <A>(
  schema: Schema.ConstraintDecoder<A>,
  json: unknown,
  { component, source }: ConfigSource,
  {
    unknownFields = "ignore",
    contradiction = () => undefined,
  }: {
    readonly unknownFields?: "ignore" | "refuse"
    readonly contradiction?: (config: A) => string | undefined
  } = {},
): Result.Result<A, ModelError> => {
  const refuse = (problems: string): Result.Result<never, ModelError> =>
    Result.fail(new ModelError({ message: `${source} ${problems}: use the ${component}'s own config file.` }))
  if (typeof json !== "object" || json === null || Array.isArray(json)) return refuse("is not a JSON object")

  const onExcessProperty = unknownFields === "refuse" ? "error" : "ignore"
  const decoded = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty })(json)
  if (Result.isFailure(decoded)) {
    const { issues } = toIssues(decoded.failure.issue)
    return refuse(`cannot be used: ${issues.map((issue) => problemOf(issue, json)).join("; ")}`)
  }
  const conflict = contradiction(decoded.success)
  return conflict === undefined ? Result.succeed(decoded.success) : refuse(`cannot be used: ${conflict}`)
}

type Issue = ReturnType<typeof toIssues>["issues"][number]

const problemOf = ({ message, path = [] }: Issue, json: unknown): string => {
  const keys = path.map((segment) => (typeof segment === "object" ? segment.key : segment))
  let value = json
  for (const key of keys) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
  const field = `"${keys.join(".")}"`
  if (value === undefined) return `${field} is missing`
  const found = `${field} is ${shortened(JSON.stringify(value))}`
  return message === "Expected no excess property"
    ? `${found}, but there is no such field`
    : `${found}, but ${message.replace(/^Expected /, "")} is needed`
}

const shortened = (text: string): string => (text.length <= 100 ? text : `${text.slice(0, 100)}…`)
