import { parseSync, Visitor } from "oxc-parser"
import type { SourceFile } from "./source-files.ts"

/** Words of names that have a better one, in lower case as a camelCase or kebab-case name splits into them, and the word to use. */
const names: Readonly<Record<string, string>> = {
  film: "model",
  films: "models",
  ask: "predict",
  asks: "evaluations",
  asked: "requested",
  asking: "predicting",
  answer: "prediction, or reply of a worker",
  answers: "predictions, or replies of a worker",
  answering: "forward",
  question: "input, or request to a worker",
  questions: "inputs, or requests to a worker",
  beginning: "initial latents",
  "start part": "initial latents",
  "run memory": "component state",
  "run position": "step index",
  residents: "session pool",
  fence: "attribute errors",
  fenced: "with errors attributed",
  "near names": "similar names",
  refusal: "the error itself",
  "other process": "change of variables",
  amounts: "the quantities by their names",
  stepping: "step",
  "made video": "generated video",
  knowing: "the values themselves",
  mend: "fix",
}

/** Phrases of comments, messages and pages that a technical editor would change, and what to write. */
const phrases: ReadonlyArray<readonly [phrase: RegExp, instead: string]> = [
  [/\bmend(?:s|ed|ing)?\b/gi, "fix"],
  [/\bfilms?\b/gi, "model or video"],
  [/\b(?:gone|went|goes|go|going) on from\b/gi, "continue from"],
  [
    /(?<!\bthere )\b(?:is|are) no (?!longer\b|larger\b|smaller\b|more\b|less\b|other\b|different\b)[a-z]+/gi,
    "is not a …",
  ],
  [/\b(?:that|which) (?:is|are) none\b/gi, "is not a …"],
  [/\/\*\*[\s*]*What\b/g, "a docstring that opens with a noun or a verb"],
]

const wordsOf = (name: string): string =>
  name
    .replaceAll(/([a-z0-9])([A-Z])/g, "$1 $2")
    .replaceAll(/[^A-Za-z0-9]+/g, " ")
    .toLowerCase()

const badWordIn = (name: string): string | undefined => {
  const words = ` ${wordsOf(name)} `
  return Object.keys(names).find((word) => words.includes(` ${word} `))
}

const identifiersOf = ({ path, text }: SourceFile): ReadonlySet<string> => {
  const found = new Set<string>()
  const add = ({ name }: { readonly name: string }) => void found.add(name)
  new Visitor({ Identifier: add, PrivateIdentifier: add }).visit(parseSync(path, text).program)
  return found
}

/** Says in one sentence each where a file uses a name or a phrase that is not in the glossary's language. */
export const vocabularyViolations = (file: SourceFile): ReadonlyArray<string> => {
  const { path, text } = file
  const found = [path.split("/").at(-1)!, ...(path.endsWith(".md") ? [] : identifiersOf(file))]
  const violations = found.flatMap((name) => {
    const word = badWordIn(name)
    return word === undefined ? [] : [`${path} has the name ${name}: for "${word}" write "${names[word]}"`]
  })
  for (const [phrase, instead] of phrases)
    for (const { 0: found, index } of text.matchAll(phrase)) {
      const line = text.slice(0, index).split("\n").length
      violations.push(`${path}:${line} says "${found}": write ${instead}`)
    }
  return violations
}
