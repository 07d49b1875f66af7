import { MediaError, type VideoMetadata } from "@auteur/core"

/** The name under which every kind of file keeps the texts: one JSON object of strings. */
export const METADATA_KEY = "auteur"

const LARGEST_METADATA = 256 * 1024

const isTexts = (value: unknown): value is VideoMetadata =>
  typeof value === "object" &&
  value !== null &&
  !Array.isArray(value) &&
  Object.values(value).every((text) => typeof text === "string")

/**
 * The texts as JSON; undefined when there are none.
 *
 * @throws MediaError for a value that is not a string, and for more than 256 KiB
 */
export const toJson = (metadata: VideoMetadata | undefined): string | undefined => {
  if (metadata === undefined || Object.keys(metadata).length === 0) return undefined
  if (!isTexts(metadata)) {
    throw new MediaError({
      message: "The metadata of a video must be texts by name, such as { prompt: 'a fox' }: make every value a string.",
    })
  }
  const json = JSON.stringify(metadata)
  if (json.length > LARGEST_METADATA) {
    throw new MediaError({
      message: `The metadata of a video is ${json.length} characters long; the most is ${LARGEST_METADATA}: shorten it.`,
    })
  }
  return json
}

/** The same JSON in ASCII, for files whose texts are not Unicode. */
export const toAscii = (json: string): string =>
  json.replace(/[\u007F-\uFFFF]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)

/**
 * The texts in JSON that a file carries; none when it carries no JSON.
 *
 * @throws MediaError for JSON that is too long, damaged, or no object of strings
 */
export const fromJson = (json: string | undefined): VideoMetadata => {
  if (json === undefined) return {}
  if (json.length <= 6 * LARGEST_METADATA) {
    try {
      const value: unknown = JSON.parse(json)
      if (isTexts(value)) return { ...value }
    } catch {
      // Told below.
    }
  }
  throw new MediaError({
    message: `The metadata named "${METADATA_KEY}" of this file cannot be read: it must be a JSON object of texts of at most ${LARGEST_METADATA} characters. Another program may have changed it.`,
  })
}
