import { MediaError, Tensor, type Video } from "@auteur/core"
import { readImage, resizeImage } from "@auteur/media"
import * as Effect from "effect/Effect"
import { readRegularFile } from "./read-regular-file.ts"

/** Reads an image file as one frame of the wanted size. (1, 1, height, width, 3) */
export const readPicture: (
  path: string,
  size: { readonly width: number; readonly height: number },
) => Effect.Effect<Video, MediaError> = Effect.fnUntraced(function* (path, { width, height }) {
  const bytes = yield* Effect.tryPromise({
    try: () => readRegularFile(path),
    catch: () => new MediaError({ message: `There is no image at ${path} that can be read: check the path.` }),
  })
  const frame = yield* Effect.tryPromise({
    try: async () => resizeImage(await readImage(bytes), width, height),
    catch: (cause) => new MediaError({ message: `${path} cannot be used: ${(cause as MediaError).message}` }),
  })
  return Tensor.from(
    "batch frames height width channels",
    [1, 1, height, width, 3],
    new Uint8Array(frame.data),
    "uint8",
  )
})
