import { readdir, readFile, stat } from "node:fs/promises"
import { join } from "node:path"
import { MediaError } from "@auteur/core"
import { explainReadFailure } from "../media-source.ts"
import { METADATA_KEY } from "../metadata.ts"
import type { OpenedVideo } from "../opened-video.ts"
import { requireMemory } from "../require-memory.ts"
import { imageKind } from "./image-kind.ts"
import { pngTexts, toPictureRate } from "./png-chunks.ts"
import { decodeImage } from "./read-image.ts"
import type { RgbFrame } from "./rgb-frame.ts"

const PICTURE = /\.(?:a?png|jpe?g|jfif|webp)$/i

const readPart = async (folder: string, name: string): Promise<Uint8Array> => {
  const path = join(folder, name)
  const present = await stat(path)
  if (!present.isFile()) throw new MediaError({ message: "It is not a regular file: move it to another place." })
  requireMemory(present.size, "This image", "make it smaller first")
  return readFile(path)
}

/** Says of what cannot be read which frame of the folder it is. */
const naming = async <A>(name: string, read: () => Promise<A>): Promise<A> => {
  try {
    return await read()
  } catch (cause) {
    throw new MediaError({ message: `${name} in it cannot be used as a frame: ${explainReadFailure(cause)}` })
  }
}

/** Opens a folder whose PNG, JPEG and WebP files are frames, in the order of their names; `frame-10` follows `frame-9`. */
export const openFolder = async (path: string): Promise<OpenedVideo> => {
  const order = new Intl.Collator("en", { numeric: true })
  const names = (await readdir(path))
    .filter((name) => PICTURE.test(name) && !name.startsWith("."))
    .toSorted((a, b) => order.compare(a, b))
  const [first] = names
  if (first === undefined) {
    throw new MediaError({ message: "This folder has no frames: put PNG, JPEG or WebP pictures in it." })
  }
  const head = await naming(first, () => readPart(path, first))
  const texts = imageKind(head) === "PNG" ? pngTexts(head) : new Map<string, string>()
  return {
    fps: toPictureRate(texts),
    note: texts.get(METADATA_KEY),
    notices: [],
    frames: async function* (): AsyncGenerator<RgbFrame> {
      for (const name of names) yield await naming(name, async () => decodeImage(await readPart(path, name)))
    },
  }
}
