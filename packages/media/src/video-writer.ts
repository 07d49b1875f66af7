import { extname, sep } from "node:path"
import { MediaError, RequestError, type Video, type VideoKind, type VideoSpec, VideoWriter } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { openFrameWriter } from "./encode.ts"
import { formats } from "./formats.ts"
import { checkOptions, type FrameWriterOptions } from "./frame-writer.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"
import { checkFolder, folderSink, type VideoSink } from "./image/write-folder.ts"
import { checkWritable, writeFileAtomically, writeNewFile } from "./write-file.ts"

const FOLDER = "/"

const isKind = (ending: string): ending is VideoKind => Object.hasOwn(formats, ending)

const isFolder = (path: string): boolean => path.endsWith(FOLDER) || path.endsWith(sep)

// What people are likely to ask for, and what to take for it.
const INSTEAD: Readonly<Record<string, string>> = {
  ".webm": ".mp4",
  ".mkv": ".mp4",
  ".mov": ".mp4",
  ".m4v": ".mp4",
  ".avi": ".mp4",
  ".apng": ".webp",
  ".avif": ".webp",
  ".jpg": ".png",
  ".jpeg": ".png",
}

const refuseEnding = (path: string): MediaError => {
  const ending = extname(path).toLowerCase()
  const instead = INSTEAD[ending]
  const problem = ending === "" ? "its name has no ending that says what to write" : `${ending} files are not written`
  const known = `.mp4, .webp, .gif or .png (one picture), or in ${FOLDER} for a folder of PNG frames`
  const fix = instead === undefined ? `end the name in ${known}` : `use ${instead}, or end the name in ${known}`
  return new MediaError({ message: `Cannot write ${path}: ${problem}. Please ${fix}.` })
}

const kindOf = (path: string): VideoKind => {
  const kind = extname(path).toLowerCase().slice(1)
  if (!isKind(kind)) throw refuseEnding(path)
  return kind
}

type WriteOptions = FrameWriterOptions & { readonly exclusive?: boolean }

const openSink = (path: string, { exclusive = false, ...options }: WriteOptions): VideoSink => {
  if (isFolder(path)) return folderSink(path, options, exclusive)
  const writer = openFrameWriter(kindOf(path), options)
  return {
    write: writer.write,
    end: async () => {
      const bytes = await writer.end()
      if (exclusive) return writeNewFile(path, bytes)
      await writeFileAtomically(path, bytes)
      return path
    },
    dispose: async () => writer.dispose(),
  }
}

/** Throws for a path and a plan that do not go together, wherever the path leads. */
const checkPlan = (path: string, plan: VideoSpec): void =>
  isFolder(path) ? checkOptions(plan) : formats[kindOf(path)].check(plan)

const noFrame = (): MediaError => new MediaError({ message: "A video needs at least one frame, and none was written." })

/** Opens a sink for the first frame and feeds it with all of them; nothing is left of what fails or is interrupted. */
const feed = <E, R, A>(
  videos: Stream.Stream<Video, E, R>,
  what: string,
  open: (size: { readonly width: number; readonly height: number }) => {
    readonly write: VideoSink["write"]
    readonly end: () => Promise<A>
    readonly dispose: () => void | Promise<void>
  },
): Effect.Effect<A, MediaError | E, R> =>
  Effect.scoped(
    Effect.gen(function* () {
      let sink: ReturnType<typeof open> | undefined
      yield* Effect.addFinalizer(() => Effect.promise(async () => sink?.dispose()))
      yield* Stream.runForEach(videos, (video) =>
        attempt(what, async () => {
          for (const frame of toFrames(video)) {
            sink ??= open({ width: frame.width, height: frame.height })
            await sink.write(frame)
          }
        }),
      )
      if (sink === undefined) return yield* noFrame()
      const { end } = sink
      // An interruption that came in the midst of it would leave the temporary file.
      return yield* Effect.uninterruptible(attempt(what, end))
    }),
  )

/** Writes MP4 (H.264), animated WebP, GIF, one PNG picture or a folder of them, by the ending of the path. */
export const videoWriterLayer: Layer.Layer<VideoWriter> = Layer.succeed(VideoWriter, {
  endings: [...Object.keys(formats).map((kind) => `.${kind}`), FOLDER],
  check: (path, plan) =>
    Effect.try({
      try: () => checkPlan(path, plan),
      catch: (cause) => new RequestError({ message: (cause as MediaError).message }),
    }).pipe(Effect.andThen(attempt(`video ${path}`, () => (isFolder(path) ? checkFolder(path) : checkWritable(path))))),
  write: (path, videos, format) => feed(videos, `video ${path}`, (size) => openSink(path, { ...size, ...format })),
  encode: (kind, videos, format) =>
    feed(videos, "video", (size) => openFrameWriter(kind, { ...size, ...format })).pipe(
      Effect.map((bytes) => ({ bytes, mediaType: formats[kind].mediaType })),
    ),
})

/** The frames of a video as pictures that share its bytes. */
export const toFrames = (video: Video): ReadonlyArray<RgbFrame> => {
  const [height, width] = [video.length("height"), video.length("width")]
  const bytes = video.contiguous().values()
  return Array.from({ length: video.length("batch") * video.length("frames") }, (_, i) => ({
    width,
    height,
    data: bytes.subarray(i * height * width * 3, (i + 1) * height * width * 3),
  }))
}

const attempt = <A>(what: string, run: () => Promise<A>): Effect.Effect<A, MediaError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) =>
      cause instanceof MediaError
        ? cause
        : new MediaError({ message: `The ${what} cannot be encoded: ${(cause as Error).message}`, cause }),
  })
