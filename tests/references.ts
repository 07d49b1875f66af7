import { parseSync, visitorKeys } from "oxc-parser"

interface SyntaxNode {
  readonly type: string
  readonly [key: string]: unknown
}

/** What a source text reaches for outside of itself. */
export interface References {
  /** Every module it names: imports, re-exports, dynamic imports of a literal and types (`import("x").Y`). */
  readonly modules: ReadonlyArray<string>
  /** Every name it reads and does not declare, so that a parameter called `process` is not the global. */
  readonly globals: ReadonlySet<string>
}

const isNode = (value: unknown): value is SyntaxNode =>
  typeof value === "object" && value !== null && typeof (value as SyntaxNode).type === "string"

/** Identifiers that name a member, a label or a foreign export, not a variable of this file. */
const isOnlyAName = (parent: SyntaxNode, key: string): boolean => {
  switch (parent.type) {
    case "MemberExpression":
      return key === "property" && parent["computed"] !== true
    case "ImportSpecifier":
      return key === "imported"
    case "ExportSpecifier":
      return key === "exported"
    case "TSQualifiedName":
      return key === "right"
    case "LabeledStatement":
    case "BreakStatement":
    case "ContinueStatement":
      return true
    default:
      return key === "key" && parent["computed"] !== true
  }
}

/** Identifiers that declare a variable. */
const isDeclaration = (parent: SyntaxNode, key: string): boolean =>
  key === "params" ||
  key === "local" ||
  key === "param" ||
  (key === "id" && parent.type !== "TSTypeQuery") ||
  (key === "name" && parent.type === "TSTypeParameter")

/** Keys through which a pattern (`{ a = 1, ...rest }`) hands its role down to the names in it. */
const inPattern: Readonly<Record<string, ReadonlyArray<string>>> = {
  ObjectPattern: ["properties"],
  Property: ["value"],
  ArrayPattern: ["elements"],
  RestElement: ["argument"],
  AssignmentPattern: ["left"],
}

/** Parses TypeScript and lists the modules and globals that it uses. */
export const referencesOf = (path: string, text: string): References => {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path} cannot be parsed: ${errors[0]?.message}`)
  const modules: Array<string> = []
  const read = new Set<string>()
  const declared = new Set<string>()

  const visit = (node: SyntaxNode, parent: SyntaxNode, key: string, declares: boolean): void => {
    if (node.type === "Identifier" && !isOnlyAName(parent, key))
      (declares ? declared : read).add(node["name"] as string)
    if (node.type === "Literal" && key === "source" && typeof node["value"] === "string") modules.push(node["value"])
    for (const childKey of visitorKeys[node.type] ?? []) {
      const child = node[childKey]
      const childDeclares =
        isDeclaration(node, childKey) || (declares && inPattern[node.type]?.includes(childKey) === true)
      for (const next of Array.isArray(child) ? child : [child])
        if (isNode(next)) visit(next, node, childKey, childDeclares)
    }
  }
  const root: unknown = program
  if (isNode(root)) visit(root, root, "program", false)
  return { modules, globals: new Set([...read].filter((name) => !declared.has(name))) }
}
