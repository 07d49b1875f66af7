import { parseSync, Visitor } from "oxc-parser"
import type { SourceFile } from "./source-files.ts"

/** For these IEEE 754 and JavaScript give one result; others differ in the last bit between engines. */
const exact = new Set(
  "abs ceil clz32 f16round floor fround imul max min random round sign sqrt trunc LOG2E PI".split(" "),
)
const allowed = "packages/core/src/random/elementary-functions.ts"

/** Says in one sentence each where a source computes what engines do not agree on; powers of two are exact. */
export const inexactArithmetic = ({ path, text }: SourceFile): ReadonlyArray<string> => {
  const violations: Array<string> = []
  const check = (name: string): void => {
    if (!exact.has(name)) {
      violations.push(
        `${path} uses Math.${name}, which differs between engines: see ${allowed} for exp, log, sin and cos`,
      )
    }
  }
  new Visitor({
    MemberExpression: ({ object, property, computed }) => {
      if (object.type === "Identifier" && object.name === "Math" && !computed && property.type === "Identifier") {
        check(property.name)
      }
    },
    VariableDeclarator: ({ id, init }) => {
      if (init?.type !== "Identifier" || init.name !== "Math" || id.type !== "ObjectPattern") return
      for (const property of id.properties) {
        if (property.type === "Property" && property.key.type === "Identifier") check(property.key.name)
      }
    },
    BinaryExpression: ({ operator, left, right }) => {
      if (operator !== "**" || (left.type === "Literal" && right.type === "Literal")) return
      if (left.type === "Literal" && (left.value === 2 || left.value === 2n)) return
      // All engines square by a product.
      if (right.type === "Literal" && (right.value === 2 || typeof right.value === "bigint")) return
      violations.push(`${path} raises to a power with **, which differs between engines: write it as products`)
    },
  }).visit(parseSync(path, text).program)
  return violations
}
