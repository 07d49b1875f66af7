/** Draws docs/pictures/emoji-world.png: six clips of the bundled model, one a row, every third frame. Run by `npm run figures`. */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { generate, type Video } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { encodePng, enlarge, toFrames } from "@auteur/media"
import { loadModel } from "auteur"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"

const clips: ReadonlyArray<readonly [prompt: string, seed: number]> = [
  ["a fox runs to the right in a meadow", 1],
  ["the car is blown up on a city street", 1],
  ["a red balloon flies up over the sea", 1],
  ["a yellow star spins around at night", 1],
  ["a lion stands still in the desert", 1],
  ["a panda jumps up and down on the grass", 1],
]
const everyFrame = 3
const scale = 2
const gap = 4

const draw = Effect.fnUntraced(function* (prompt: string, seed: number) {
  const events = yield* Stream.runCollect(generate({ prompt, seed, steps: 50, guidance: 6 }))
  const end = events.at(-1)!
  if (end.type !== "video-end") throw new Error(`The last event of "${prompt}" was ${end.type}`)
  return end.video
})

const sheet = (videos: ReadonlyArray<Video>) => {
  const rows = videos.map((video) =>
    toFrames(video)
      .filter((_, i) => i % everyFrame === 0)
      .map((frame) => enlarge(frame, scale)),
  )
  const { width: w, height: h } = rows[0]![0]!
  const width = rows[0]!.length * (w + gap) - gap
  const height = rows.length * (h + gap) - gap
  const data = new Uint8Array(width * height * 3).fill(255)
  for (const [row, frames] of rows.entries()) {
    for (const [column, frame] of frames.entries()) {
      for (let y = 0; y < h; y++) {
        const at = ((row * (h + gap) + y) * width + column * (w + gap)) * 3
        data.set(frame.data.subarray(y * w * 3, (y + 1) * w * 3), at)
      }
    }
  }
  return { width, height, data }
}

const program = Effect.gen(function* () {
  const model = yield* loadModel("emoji-world")
  const videos = yield* Effect.forEach(clips, ([prompt, seed]) => draw(prompt, seed)).pipe(
    Effect.provide(model.layer.pipe(Layer.provide(engineLayer()))),
  )
  const path = fileURLToPath(new URL("../../docs/pictures/emoji-world.png", import.meta.url))
  writeFileSync(path, encodePng(sheet(videos)))
  console.log(path)
})

await Effect.runPromise(program)
