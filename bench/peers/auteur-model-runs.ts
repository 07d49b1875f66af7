import { type AnyTensor, concat, generate, TextEncoder, type Video, VideoWriter } from "@auteur/core"
import { videoWriterLayer } from "@auteur/media"
import { loadModel } from "auteur/effect"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import type { JobOf } from "./job.ts"
import type { MakeRun, Run } from "./run.ts"

/** Whole videos, from prompt to file. */
export const generation: (job: JobOf<"generate">) => MakeRun = Effect.fnUntraced(function* ({
  model,
  prompts,
  seed,
  steps,
  guidance,
  video,
}: JobOf<"generate">) {
  const loaded = yield* loadModel(model)
  const components = yield* Layer.build(Layer.merge(loaded.layer, videoWriterLayer))
  const run: Run = Effect.fnUntraced(function* (index) {
    const prompt = prompts[index % prompts.length]!
    const frames: Array<Video> = []
    const decoded = generate({ prompt, seed, steps, guidanceScale: guidance }).pipe(
      Stream.flatMap((event) => (event.type === "decode-progress" ? Stream.succeed(event.frames) : Stream.empty)),
      Stream.tap((chunk) => Effect.sync(() => frames.push(chunk))),
      // As in the command: frames are written while the next are decoded, and pictures of 64 pixels four times as large.
      Stream.buffer({ capacity: 1 }),
    )
    const writer = yield* VideoWriter
    yield* writer.write(`${video}.mp4`, decoded, { fps: loaded.fps, upscale: 4 })
    return concat("frames", frames) as AnyTensor
  }, Effect.provide(components))
  return run
})

/** Prompts to embeddings. */
export const text: (job: JobOf<"text">) => MakeRun = Effect.fnUntraced(function* ({ model, prompts }: JobOf<"text">) {
  const { layer } = yield* loadModel(model)
  const encoder = Context.get(yield* Layer.build(layer), TextEncoder)
  const run: Run = (index) =>
    Effect.map(encoder.encode(prompts[index % prompts.length]!), ({ embeddings }) => embeddings)
  return run
})
