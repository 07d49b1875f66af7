import { parseSync } from "oxc-parser"
import type { SourceFile } from "./source-files.ts"

const longestFile = 300
const namesThatSayNothing = /(^|[-.])(utils?|common|helpers?|misc|managers?)([-.]|$)/
const kebabCase = /^[a-z0-9]+([-.][a-z0-9]+)*$/

/** Says in one sentence each how a source file breaks the rules of size and naming. */
export const sourceRuleViolations = ({ path, text }: SourceFile): ReadonlyArray<string> => {
  const violations: Array<string> = []
  const lines = text.split("\n").length - (text.endsWith("\n") ? 1 : 0)
  if (lines > longestFile) violations.push(`${path} has ${lines} lines, more than ${longestFile}: it holds two ideas`)
  for (const name of path.split("/")) {
    if (!kebabCase.test(name)) violations.push(`${path}: "${name}" is not in kebab-case`)
    if (namesThatSayNothing.test(name)) violations.push(`${path}: "${name}" does not say what it holds`)
  }
  if (/^packages\/[^/]+\/src\/index\.ts$/.test(path)) {
    const reExports = parseSync(path, text).program.body.every(
      (statement) =>
        statement.type === "ExportAllDeclaration" ||
        (statement.type === "ExportNamedDeclaration" && statement.declaration === null && statement.source !== null),
    )
    if (!reExports) violations.push(`${path} does more than to re-export`)
  }
  return violations
}
