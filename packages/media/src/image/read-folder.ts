import { readdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { MediaError } from "@auteur/core"
import { METADATA_KEY } from "../metadata.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { RATE_KEY } from "./png-writer.ts"
import { pngTexts } from "./png.ts"
import { readImage } from "./read-image.ts"
import type { RgbFrame } from "./rgb-frame.ts"

const PICTURE = /\.(?:png|jpe?g)$/i

/** What a picture of ours says about the video that it is part of. */
export const openPicture = (
  bytes: Uint8Array,
  frames: OpenedVideo["frames"] = () => [readImage(bytes)],
): OpenedVideo => {
  const texts = pngTexts(bytes)
  const fps = Number(texts.get(RATE_KEY))
  return { fps: fps >= 1 && fps <= 240 ? fps : undefined, note: texts.get(METADATA_KEY), frames }
}

/** Opens a folder whose PNG and JPEG files are frames, in the order of their names; `frame-10` follows `frame-9`. */
export const openFolder = async (path: string): Promise<OpenedVideo> => {
  const order = new Intl.Collator("en", { numeric: true })
  const names = (await readdir(path))
    .filter((name) => PICTURE.test(name) && !name.startsWith("."))
    .toSorted((a, b) => order.compare(a, b))
  const [first] = names
  if (first === undefined) {
    throw new MediaError({ message: "This folder has no frames: put PNG or JPEG pictures in it." })
  }
  return openPicture(await readFile(join(path, first)), async function* (): AsyncGenerator<RgbFrame> {
    for (const name of names) {
      const bytes = await readFile(join(path, name))
      try {
        yield readImage(bytes)
      } catch (cause) {
        if (!(cause instanceof MediaError)) throw cause
        throw new MediaError({ message: `${name} in it is no frame: ${cause.message}` })
      }
    }
  })
}
