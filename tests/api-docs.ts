import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { requestFields } from "@auteur/core"
import { type Comment, parseSync } from "oxc-parser"

const repository: string = dirname(import.meta.dirname)
const entry = join(repository, "packages/auteur/src/index.ts")

/** The sections of the page, each with the exports that it describes. */
const sections: ReadonlyArray<readonly [title: string, names: ReadonlyArray<string>]> = [
  ["Open a model", ["openModel", "OpenModelOptions", "Model"]],
  ["Requests", ["RequestOptions", "GenerateOptions", "ResumeOptions", "StepEnd"]],
  ["Runs", ["VideoRun", "VideoEvent", "VideoEstimate"]],
  ["Videos", ["GeneratedVideo", "DecodedVideo", "Tensor", "Latents", "Video"]],
  ["Names", ["samplerNames", "guidanceNames", "inversionNames", "cacheNames"]],
  ["Configuration", ["defineConfig"]],
  [
    "Errors",
    [
      "AbortError",
      "CheckpointError",
      "EngineError",
      "MediaError",
      "ModelError",
      "PipelineError",
      "PluginError",
      "RequestError",
    ],
  ],
]

// The syntax tree has a type for each of its hundred kinds of nodes; what is read of them here is checked by the page that comes of it.
// oxlint-disable-next-line typescript/no-explicit-any
type Node = any

interface Parsed {
  readonly text: string
  readonly body: ReadonlyArray<Node>
  readonly comments: ReadonlyArray<Comment>
}

const files = new Map<string, Parsed>()
const parse = (path: string): Parsed => {
  const known = files.get(path)
  if (known !== undefined) return known
  const text = readFileSync(path, "utf8")
  const { program, comments } = parseSync(path, text)
  const parsed = { text, body: program.body, comments }
  files.set(path, parsed)
  return parsed
}

const resolve = (from: string, specifier: string): string =>
  specifier.startsWith(".")
    ? join(dirname(from), specifier)
    : join(repository, "packages", specifier.replace("@auteur/", ""), "src/index.ts")

interface Declaration extends Parsed {
  readonly node: Node
  /** Where the statement begins, its `export` included. */
  readonly start: number
}

/** The names that a module exports, and where each is declared. */
const exportsOf = (path: string): ReadonlyMap<string, Declaration> => {
  const parsed = parse(path)
  const found = new Map<string, Declaration>()
  for (const statement of parsed.body) {
    if (statement.type === "ExportAllDeclaration") {
      for (const [name, declaration] of exportsOf(resolve(path, statement.source.value))) found.set(name, declaration)
    }
    if (statement.type !== "ExportNamedDeclaration") continue
    if (statement.declaration !== null) {
      const { declaration } = statement
      const names = declaration.declarations?.map((each: Node) => each.id.name) ?? [declaration.id.name]
      for (const name of names) found.set(name, { ...parsed, node: declaration, start: statement.start })
    } else if (statement.source !== null) {
      const inner = exportsOf(resolve(path, statement.source.value))
      for (const { local, exported } of statement.specifiers) found.set(exported.name, inner.get(local.name)!)
    }
  }
  return found
}

/** The docstring that ends right before a place. */
const docBefore = ({ text, comments }: Parsed, place: number): string => {
  const comment = comments.findLast(({ end }) => end <= place && text.slice(end, place).trim() === "")
  if (comment?.type !== "Block" || !comment.value.startsWith("*")) return ""
  return comment.value
    .slice(1)
    .split("\n")
    .map((line) => line.replace(/^\s*\* ?/, ""))
    .join("\n")
    .trim()
}

/** Prose, and the example as a block of code. */
const toMarkdown = (doc: string): string => {
  const [prose, example] = doc.split("@example\n")
  const linked = prose!.replaceAll(/\{@link ([^}]+)\}/g, "`$1`").trim()
  if (example === undefined) return linked
  // A whole program, which a test runs, or a few lines.
  const language = example.startsWith("import ") ? "ts" : "typescript"
  return `${linked}\n\n\`\`\`${language}\n${example.trim()}\n\`\`\``
}

/** A docstring as one line of a table. */
const toCell = (doc: string): string => toMarkdown(doc).replaceAll(/\s+/g, " ").replaceAll("|", "\\|")

const oneLine = (text: string): string => text.replaceAll(/\s+/g, " ").trim()

/** The text of a member as a reader wants it: without its body and without modifiers. */
const signatureOf = (member: Node, text: string): string => {
  const end = member.value?.body?.start ?? member.end
  const signature = oneLine(text.slice(member.start, end))
  return (member.kind === "get" ? signature.replace("()", "") : signature)
    .replace(/^(override )?(readonly )?(async )?(get )?/, "")
    .replace(/;$/, "")
    .replace(/ \| undefined$/, "")
    .replaceAll(/(\w+): ([^,()=]+) = [^,)]+/g, "$1?: $2")
}

const membersOf = (node: Node): ReadonlyArray<Node> => {
  const members = node.body?.body ?? []
  return members.filter(
    ({ type, key, kind, computed }: Node) =>
      type !== "TSIndexSignature" && key?.type !== "PrivateIdentifier" && kind !== "constructor" && computed !== true,
  )
}

const rowsOf = (declaration: Declaration): ReadonlyArray<string> =>
  membersOf(declaration.node).map((member) => {
    const signature = signatureOf(member, declaration.text).replaceAll("|", "\\|")
    return `| \`${signature}\` | ${toCell(docBefore(declaration, member.start))} |`
  })

const memberTable = (...declarations: ReadonlyArray<Declaration>): string => {
  const rows = declarations.flatMap(rowsOf)
  return rows.length === 0 ? "" : ["| | |", "|---|---|", ...rows].join("\n")
}

/** The settings of a request as their schema has them, without those that the SDK takes in more forms. */
const settingTable = (others: ReadonlyArray<Declaration>): string => {
  const widened = new Set(others.flatMap(({ node }) => membersOf(node).map(({ key }) => key.name)))
  const rows = Object.entries(requestFields)
    .filter(([name]) => name !== "prompt" && !widened.has(name))
    .map(([name, field]) => {
      const { expected, description } = field
      const byDefault = "default" in field && field.default !== "" ? ` Default: \`${String(field.default)}\`.` : ""
      return `| \`${name}\` | ${expected} | ${description.replaceAll("|", "\\|")}${byDefault} |`
    })
  return ["| setting | value | |", "|---|---|---|", ...rows].join("\n")
}

/** The head of a declaration: the type of a function, the alias of a type, the bases of an interface or a class. */
const headOf = ({ node, text }: Declaration, name: string): string => {
  if (node.type === "TSTypeAliasDeclaration") return text.slice(node.start, node.end)
  const value = node.declarations?.find(({ id }: Node) => id.name === name)
  if (value === undefined) return `${text.slice(node.start, node.body.start).trim()} { … }`
  const { init, id } = value
  if (init?.type === "ArrowFunctionExpression") {
    return `const ${name}: ${text
      .slice(init.start, init.body.start)
      .replace(/^async /, "")
      .trim()
      .replace(/=>$/, "")
      .trim()}`.replace(/\): /, ") => ")
  }
  return id.typeAnnotation === undefined || id.typeAnnotation === null
    ? `const ${name} = ${text.slice(init.start, init.end)}`
    : `const ${text.slice(id.start, id.typeAnnotation.end)}`
}

const events = () => exportsOf(join(repository, "packages/core/src/pipeline/run.ts"))
const options = () => exportsOf(join(repository, "packages/auteur/src/door/options.ts"))

const entryOf = (name: string, declaration: Declaration): string => {
  const doc = toMarkdown(docBefore(declaration, declaration.start))
  const isError = name.endsWith("Error")
  const heads = name === "VideoEvent" ? [declaration, events().get("GenerateEvent")!] : [declaration]
  const head = isError ? "" : `\`\`\`typescript\n${heads.map((each) => headOf(each, name)).join("\n\n")}\n\`\`\``
  const isRequest = name === "RequestOptions"
  const declarations = isRequest ? [declaration, options().get("ComponentSettings")!] : [declaration]
  const table = isError || name === "Tensor" ? "" : memberTable(...declarations)
  const settings = isRequest ? settingTable(declarations) : ""
  return [`### ${name}`, head, doc, settings, table].filter((part) => part !== "").join("\n\n")
}

/** The page `docs/api.md`, made from the docstrings of what `auteur` exports. */
export const apiPage = (): string => {
  const exported = exportsOf(entry)
  const described = new Set(sections.flatMap(([, names]) => names))
  const missing = [...exported.keys()].filter((name) => !described.has(name))
  const gone = [...described].filter((name) => !exported.has(name))
  if (missing.length + gone.length > 0) {
    throw new Error(
      `tests/api-docs.ts has no section for ${missing.join(", ") || "none"}, and one for ${gone.join(", ") || "none"} too many.`,
    )
  }
  const introduction = `# API

Everything that \`auteur\` exports. This page is made from the docstrings by \`npm run api\`; a test says when it is out of date. The layers and
functions for Effect programs come from \`auteur/effect\`: [Compose a pipeline](compose.md) shows them.`
  const text = sections.map(([title, names]) =>
    [`## ${title}`, ...names.map((name) => entryOf(name, exported.get(name)!))].join("\n\n"),
  )
  return `${[introduction, ...text].join("\n\n")}\n`
}
