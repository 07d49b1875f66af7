import { PrecompiledCharsmap } from "./precompiled-charsmap.ts"
import { TokenizerError } from "./tokenizer-error.ts"

/** A component of `tokenizer.json`: its type and its own fields. */
export type Component = { readonly type: string } & { readonly [field: string]: unknown }

/** A step that rewrites text. */
type TextStep = (text: string) => string

/** Whether a value is a component, that is an object with a `type`. */
export const isComponent = (value: unknown): value is Component =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string"

/** The error for a component that cannot be run. */
export const unsupported = (kind: string, component: unknown, known: string): TokenizerError =>
  new TokenizerError({
    message: `tokenizer.json: the ${kind} ${isComponent(component) ? `"${component.type}"` : "component"} with ${JSON.stringify(component).slice(0, 120)} is not supported; T5 and UMT5 tokenizers use ${known}.`,
  })

/** The components inside a `Sequence`. */
export function members(component: Component, field: string, kind: string): Component[] {
  const list = component[field]
  if (!Array.isArray(list) || !list.every(isComponent))
    throw new TokenizerError({
      message: `tokenizer.json: the ${kind} "Sequence" has no list of components in "${field}".`,
    })
  return list
}

const KNOWN = "Sequence, Precompiled, Strip, Replace, NFC, NFD, NFKC and NFKD"

/** Builds the `normalizer` of `tokenizer.json`; throws a TokenizerError that names a component it does not know. */
export function toNormalizer(component: unknown): TextStep {
  if (component === null || component === undefined) return (text) => text
  if (!isComponent(component)) throw unsupported("normalizer", component, KNOWN)
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
      throw unsupported("normalizer", component, KNOWN)
  }
}

/** By hand, as a regular expression for white space before the end takes quadratic time on long runs. */
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
    // The only expression in these tokenizers; others could mean something else in JavaScript.
    if ("Regex" in pattern && pattern.Regex === " {2,}") return (text) => text.replaceAll(/ {2,}/g, () => content)
  }
  throw unsupported("normalizer", component, 'Replace with a string or the expression " {2,}"')
}

/**
 * The tokenizers library's reading of a SentencePiece table: grapheme by grapheme, and where SentencePiece takes the
 * longest prefix that the table has, the shortest one replaces a whole grapheme of up to five bytes.
 */
function toPrecompiled(base64: unknown): TextStep {
  if (typeof base64 !== "string")
    throw new TokenizerError({ message: 'tokenizer.json: the normalizer "Precompiled" has no precompiled_charsmap.' })
  let blob: Uint8Array
  try {
    blob = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0))
  } catch {
    throw new TokenizerError({
      message: "tokenizer.json: precompiled_charsmap is not base64; download the file again.",
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
