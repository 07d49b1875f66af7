import { generate, requestFields, Sampler } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { encodePng, toFrames } from "@auteur/media"
import { samplerNamed, samplerNames } from "@auteur/samplers"
import { loadModel } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { sheet } from "./sheet.ts"

const [prompt, seed] = ["a fox jumps up and down in a meadow", 1]
const stepCounts = [4, 8, requestFields.steps.default!]
const shownFrames = [2, 8, 14]

/** docs/pictures/samplers.png: one clip by each sampler, at few steps and at the default. */
export const samplerSheet: Effect.Effect<Uint8Array, unknown> = Effect.gen(function* () {
  const model = yield* loadModel("emoji-world")
  const draw = Effect.fnUntraced(function* (name: string, steps: number) {
    const { sampler } = samplerNamed(name, model.folder.scheduler)
    const end = yield* Stream.runLast(
      generate({ prompt, seed, steps, guidanceScale: requestFields.guidanceScale.default! }),
    ).pipe(Effect.flatMap(Effect.fromOption), Effect.provideService(Sampler, sampler))
    if (end.type !== "video-end") return yield* Effect.die(`The last event of ${name} was ${end.type}`)
    const frames = toFrames(end.video)
    return shownFrames.map((i) => frames[i]!)
  })
  const rows = yield* Effect.forEach(samplerNames, (name) =>
    Effect.map(
      Effect.forEach(stepCounts, (steps) => draw(name, steps)),
      (clips) => clips.flat(),
    ),
  ).pipe(Effect.provide(model.layer.pipe(Layer.provide(engineLayer()))))
  return encodePng(sheet(rows, 2)).bytes
})
