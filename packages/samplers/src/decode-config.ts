import { ModelError } from "@auteur/core"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as SchemaIssue from "effect/SchemaIssue"

const toIssues = SchemaIssue.makeFormatterStandardSchemaV1()

const valueAt = (json: unknown, path: ReadonlyArray<PropertyKey>): unknown => {
  let value = json
  for (const key of path) value = (value as Record<PropertyKey, unknown> | null | undefined)?.[key]
  return value
}

/**
 * Reads a scheduler config with the schema of its class; fields that begin with "_" are the file's own notes.
 *
 * A `ModelError` names each field that is unknown or set to what is not supported, its value, and what is.
 */
export const decodeConfig = <S extends Schema.ConstraintDecoder<unknown>>(
  className: string,
  schema: S,
  json: Readonly<Record<string, unknown>>,
): S["Type"] => {
  const fields = Object.fromEntries(Object.entries(json).filter(([name]) => !name.startsWith("_")))
  const decoded = Schema.decodeUnknownResult(schema, { errors: "all", onExcessProperty: "error" })(fields)
  if (Result.isSuccess(decoded)) return decoded.success
  const { issues } = toIssues(decoded.failure.issue)
  const faults = issues.map(({ message, path = [] }) => {
    const keys = path.map((segment) => (typeof segment === "object" ? segment.key : segment))
    const value = valueAt(fields, keys)
    const found = value === undefined ? "is not set" : `is ${JSON.stringify(value)}`
    return `"${keys.join(".")}" ${found} (${message.replace("Expected no excess property", "an unknown field").toLowerCase()})`
  })
  throw new ModelError({
    message: `The config of the scheduler ${className} cannot be run as it is: ${faults.join("; ")}. Change it in scheduler_config.json.`,
  })
}
