import * as Option from "effect/Option"

/** Reads a size such as `720x480`: width before height, in pixels. */
export const parseSize = (text: string): Option.Option<{ readonly width: number; readonly height: number }> => {
  const match = /^(\d{1,6})[x×](\d{1,6})$/.exec(text.trim())
  return match === null ? Option.none() : Option.some({ width: Number(match[1]), height: Number(match[2]) })
}
