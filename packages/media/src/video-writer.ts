import { extname, sep } from "node:path"
import { MediaError, type Video, type VideoSpec, VideoWriter } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { checkFolder, folderSink, type VideoSink } from "./image/folder-writer.ts"
import { checkOptions, type FrameWriter, type FrameWriterOptions } from "./frame-writer.ts"
import { checkGif, gifWriter } from "./gif/gif-writer.ts"
import { checkMp4, mp4Writer } from "./mp4/mp4-writer.ts"
import { checkPng, pngWriter } from "./image/png-writer.ts"
import type { RgbFrame } from "./image/rgb-frame.ts"
import { webpWriter } from "./webp/webp-writer.ts"
import { checkWritable, writeFileAtomically } from "./write-file.ts"

interface Format {
  readonly check: (plan: VideoSpec) => void
  readonly writer: (options: FrameWriterOptions) => FrameWriter
}

const formats: ReadonlyMap<string, Format> = new Map([
  [".mp4", { check: checkMp4, writer: mp4Writer }],
  [".webp", { check: checkOptions, writer: webpWriter }],
  [".gif", { check: checkGif, writer: gifWriter }],
  [".png", { check: checkPng, writer: pngWriter }],
])

const FOLDER = "/"

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
  const mend = instead === undefined ? `end the name in ${known}` : `use ${instead}, or end the name in ${known}`
  return new MediaError({ message: `Cannot write ${path}: ${problem}. Please ${mend}.` })
}

const formatOf = (path: string): Format => {
  const format = formats.get(extname(path).toLowerCase())
  if (format === undefined) throw refuseEnding(path)
  return format
}

const openSink = (path: string, options: FrameWriterOptions): VideoSink => {
  if (isFolder(path)) return folderSink(path, options)
  const writer = formatOf(path).writer(options)
  return {
    write: writer.write,
    end: async () => writeFileAtomically(path, await writer.end()),
    dispose: async () => writer.dispose(),
  }
}

const check = async (path: string, plan: VideoSpec): Promise<void> => {
  if (isFolder(path)) {
    checkOptions(plan)
    return checkFolder(path)
  }
  formatOf(path).check(plan)
  return checkWritable(path)
}

/** Writes MP4 (H.264), animated WebP, GIF, one PNG picture or a folder of them, by the ending of the path. */
export const videoWriterLayer: Layer.Layer<VideoWriter> = Layer.succeed(VideoWriter, {
  endings: [...formats.keys(), FOLDER],
  check: (path, plan) => attempt(path, () => check(path, plan)),
  write: (path, videos, format) =>
    Effect.scoped(
      Effect.gen(function* () {
        let sink: VideoSink | undefined
        yield* Effect.addFinalizer(() => Effect.promise(async () => sink?.dispose()))
        yield* Stream.runForEach(videos, (video) =>
          attempt(path, async () => {
            for (const frame of toFrames(video)) {
              sink ??= openSink(path, { width: frame.width, height: frame.height, ...format })
              await sink.write(frame)
            }
          }),
        )
        if (sink === undefined) {
          return yield* new MediaError({ message: "A video needs at least one frame, and none was written." })
        }
        const { end } = sink
        // An interruption that came in the midst of it would leave the temporary file.
        yield* Effect.uninterruptible(attempt(path, end))
      }),
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

const attempt = <A>(path: string, run: () => Promise<A>): Effect.Effect<A, MediaError> =>
  Effect.tryPromise({
    try: run,
    catch: (cause) =>
      cause instanceof MediaError
        ? cause
        : new MediaError({ message: `The video ${path} cannot be encoded: ${(cause as Error).message}`, cause }),
  })
