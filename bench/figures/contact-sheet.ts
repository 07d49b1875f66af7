import { generate } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { encodePng, toFrames } from "@auteur/media"
import { loadModel } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { sheet } from "./sheet.ts"

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

const draw = Effect.fnUntraced(function* (prompt: string, seed: number) {
  const events = yield* Stream.runCollect(generate({ prompt, seed, steps: 50, guidanceScale: 6 }))
  const end = events.at(-1)!
  if (end.type !== "video-end") throw new Error(`The last event of "${prompt}" was ${end.type}`)
  return end.video
})

/** docs/pictures/emoji-world.png: six clips of the bundled model, one a row, every third frame. */
export const contactSheet: Effect.Effect<Uint8Array, unknown> = Effect.gen(function* () {
  const model = yield* loadModel("emoji-world")
  const videos = yield* Effect.forEach(clips, ([prompt, seed]) => draw(prompt, seed)).pipe(
    Effect.provide(model.layer.pipe(Layer.provide(engineLayer()))),
  )
  const rows = videos.map((video) => toFrames(video).filter((_, i) => i % everyFrame === 0))
  return encodePng(sheet(rows, scale)).bytes
})
