import { ModelError } from "@auteur/core"
import type { TextSegment } from "./added-tokens.ts"
import { PrecompiledCharsmap } from "./precompiled-charsmap.ts"

/** A component of `tokenizer.json`: a type, and fields of its own. */
type Component = { readonly type: string } & { readonly [field: string]: unknown }

/** A step of the normalizer. */
type TextStep = (text: string) => string

/** Whether a value is a component, that is an object with a `type`. */
const isComponent = (value: unknown): value is Component =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"

/** The error for a component that cannot be run. */
const unsupported = (kind: string, component: unknown, known: string): ModelError =>
  new ModelError({
    message: `tokenizer.json: the ${kind} ${isComponent(component) ? `"${component.type}"` : "component"} with ${JSON.stringify(component).slice(0, 120)} is not supported, as T5 and UMT5 tokenizers have only ${known}: use the tokenizer of such a text encoder.`,
  })

/** The components inside a `Sequence`. */
function members(component: Component, field: string, kind: string): Component[] {
  const list = component[field]
  if (!Array.isArray(list) || !list.every(isComponent))
    throw new ModelError({
      message: `tokenizer.json: the ${kind} "Sequence" has no list of components in "${field}": download the file again.`,
    })
  return list
}

const KNOWN_NORMALIZERS = "Sequence, Precompiled, Strip, Replace, NFC, NFD, NFKC and NFKD"

/** Builds the `normalizer` of `tokenizer.json`; throws a `ModelError` that names a component that it does not know. */
export function toNormalizer(component: unknown): TextStep {
  if (component === null || component === undefined) return (text) => text
  if (!isComponent(component)) throw unsupported("normalizer", component, KNOWN_NORMALIZERS)
  switch (component.type) {
    case "Sequence": {
      const steps = members(component, "normalizers", "normalizer").map(toNormalizer)
      return (text) => steps.reduce((rewritten, step) => step(rewritten), text)
    }
    case "Precompiled":
      return toPrecompiled(component["precompiled_charsmap"])
    case "NFC":
    case "NFD":
    case "NFKC":
    case "NFKD": {
      const form = component.type
      return (text) => text.normalize(form)
    }
    case "Strip": {
      const left = component["strip_left"] === true ? /^\p{White_Space}+/u : undefined
      const right = component["strip_right"] === true
      return (text) => {
        const rest = left === undefined ? text : text.replace(left, "")
        return right ? stripEnd(rest) : rest
      }
    }
    case "Replace":
      return toReplace(component)
    default:
      throw unsupported("normalizer", component, KNOWN_NORMALIZERS)
  }
}

/** Without a regular expression, which would take quadratic time on many spaces. */
function stripEnd(text: string): string {
  let end = text.length
  while (end > 0 && /\p{White_Space}/u.test(text.charAt(end - 1))) end--
  return text.slice(0, end)
}

function toReplace(component: Component): TextStep {
  const { pattern, content } = component
  if (typeof content === "string" && typeof pattern === "object" && pattern !== null) {
    if ("String" in pattern && typeof pattern.String === "string" && pattern.String !== "") {
      const from = pattern.String
      return (text) => text.replaceAll(from, () => content)
    }
    // The only expression in these tokenizers; others could have another meaning in JavaScript.
    if ("Regex" in pattern && pattern.Regex === " {2,}") return (text) => text.replaceAll(/ {2,}/g, () => content)
  }
  throw unsupported("normalizer", component, 'Replace with a string or the expression " {2,}"')
}

/**
 * A SentencePiece table as the tokenizers library applies it: grapheme by grapheme. Where SentencePiece takes the longest prefix
 * in the table, the library takes the shortest, and replaces a whole grapheme of up to five bytes with it.
 */
function toPrecompiled(base64: unknown): TextStep {
  if (typeof base64 !== "string")
    throw new ModelError({
      message: 'tokenizer.json: the normalizer "Precompiled" has no precompiled_charsmap: download the file again.',
    })
  let blob: Uint8Array
  try {
    blob = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    throw new ModelError({
      message: "tokenizer.json: precompiled_charsmap is not base64: download the file again.",
    })
  }
  const encoder = new TextEncoder()
  const decoder = new TextDecoder()
  const segmenter = new Intl.Segmenter("und", { granularity: "grapheme" })
  const find = (charsmap: PrecompiledCharsmap, bytes: Uint8Array): string | undefined => {
    const end = bytes.indexOf(0)
    const replacement = charsmap.find(bytes, 0, end < 0 ? bytes.length : end, true)
    return replacement && decoder.decode(replacement)
  }
  const charsmap = new PrecompiledCharsmap(blob, "tokenizer.json")
  const rewrite = (grapheme: string): string => {
    const bytes = encoder.encode(grapheme)
    const whole = bytes.length < 6 ? find(charsmap, bytes) : undefined
    if (whole !== undefined) return whole
    return Array.from(grapheme, (character) => find(charsmap, encoder.encode(character)) ?? character).join("")
  }
  return (text) => {
    const rewritten = new Map<string, string>()
    let out = ""
    for (const { segment } of segmenter.segment(text)) {
      let replacement = rewritten.get(segment)
      if (replacement === undefined) {
        replacement = rewrite(segment)
        rewritten.set(segment, replacement)
      }
      out += replacement
    }
    return out
  }
}

/** A step that splits text into words. */
type PreTokenizer = (segment: TextSegment) => TextSegment[]

const KNOWN_PRE_TOKENIZERS = "Sequence, WhitespaceSplit and Metaspace"

/** Builds the `pre_tokenizer` of `tokenizer.json`; throws a `ModelError` that names a component that it does not know. */
export function toPreTokenizer(component: unknown): PreTokenizer {
  if (!isComponent(component)) throw unsupported("pre_tokenizer", component ?? null, KNOWN_PRE_TOKENIZERS)
  switch (component.type) {
    case "Sequence": {
      const steps = members(component, "pretokenizers", "pre_tokenizer").map(toPreTokenizer)
      return (segment) => steps.reduce((words, step) => words.flatMap((word) => step(word)), [segment])
    }
    case "WhitespaceSplit":
      return ({ text, atStart }) =>
        text
          .split(/\p{White_Space}/u)
          .map((word, index) => ({ text: word, atStart: atStart && index === 0 }))
          .filter((word) => word.text !== "")
    case "Metaspace":
      return toMetaspace(component)
    default:
      throw unsupported("pre_tokenizer", component, KNOWN_PRE_TOKENIZERS)
  }
}

function toMetaspace(component: Component): PreTokenizer {
  const { replacement, prepend_scheme: scheme, add_prefix_space: prefix, split = true } = component
  const when = scheme ?? (prefix === false ? "never" : "always")
  if (replacement !== "▁" || (when !== "always" && when !== "first" && when !== "never"))
    throw unsupported("pre_tokenizer", component, 'Metaspace with the replacement "▁"')
  return ({ text, atStart }) => {
    let marked = text.replaceAll(" ", "▁")
    if (marked === "") return []
    if (!marked.startsWith("▁") && (when === "always" || (when === "first" && atStart))) marked = `▁${marked}`
    const words = split === false ? [marked] : marked.split(/(?=▁)/u)
    return words.map((word, index) => ({ text: word, atStart: atStart && index === 0 }))
  }
}

/** The end token of a post-processor that puts one token after the text and does nothing else. */
export function readEosToken(component: unknown): string {
  const single = isComponent(component) && component.type === "TemplateProcessing" ? component["single"] : undefined
  const [text, end, ...rest]: unknown[] = Array.isArray(single) ? single : []
  if (isPart(text, "Sequence") && isPart(end, "SpecialToken") && rest.length === 0) return partId(end, "SpecialToken")
  throw unsupported("post_processor", component ?? null, "TemplateProcessing of the text and one end token")
}

const isPart = (value: unknown, kind: string): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && kind in value

function partId(part: Readonly<Record<string, unknown>>, kind: string): string {
  const inner = part[kind]
  if (typeof inner === "object" && inner !== null && "id" in inner && typeof inner.id === "string") return inner.id
  throw unsupported("post_processor", part, "TemplateProcessing of the text and one end token")
}
