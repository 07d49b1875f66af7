// Controls of C0 and C1 but for tab and line feed, marks that turn the reading direction, and separators of lines and paragraphs.
// oxlint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/g

/**
 * Shows every character that a terminal would obey instead of printing as an escape: `\x1b`, `\u202e`.
 *
 * Prompts, file names and whatever files say come from outside, and must not move the cursor or rename the window.
 */
export const toVisible = (text: string): string =>
  text.replaceAll(unprintable, (character) => {
    const code = character.charCodeAt(0)
    return code < 0x100 ? `\\x${hex(code, 2)}` : `\\u${hex(code, 4)}`
  })

/** JSON in which such characters are escaped, too: `JSON.stringify` leaves those above U+001F as they are. */
export const toVisibleJson = (value: unknown): string =>
  JSON.stringify(value).replaceAll(unprintable, (character) => `\\u${hex(character.charCodeAt(0), 4)}`)

const hex = (code: number, digits: number): string => code.toString(16).padStart(digits, "0")

/** The beginning and the end of a text that is longer than a person would read. */
export const shorten = (text: string, most = 160): string => {
  const characters = [...text]
  if (characters.length <= most) return text
  const half = Math.floor(most / 2) - 1
  const [head, tail] = [characters.slice(0, half).join(""), characters.slice(-half).join("")]
  return `${head} … ${tail}`
}
