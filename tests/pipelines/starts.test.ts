import { type PipelineRequest, generate, type GenerateEvent, type Video } from "@auteur/core"
import { assert, layer as withLayer } from "@effect/vitest"
import { modelLayer } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { request } from "./bundled-model.ts"

const sourcePrompt = "a fox runs to the right on the ice"

const eventsOf = (asked: PipelineRequest) => Effect.map(Stream.runCollect(generate(asked)), (all) => [...all])
const videoOf = (events: ReadonlyArray<GenerateEvent>): Video =>
  events.flatMap((event) => (event.type === "video-end" ? [event.video] : []))[0]!
const psnr = (a: Video, b: Video): number => {
  const [x, y] = [a.values(), b.values()]
  const squares = x.reduce((sum, value, i) => sum + (value - y[i]!) ** 2, 0)
  return 10 * Math.log10((255 ** 2 * x.length) / squares)
}

/** What the VAE alone gives back of a video: an edit with equal prompts leaves the latents as they are. */
const encodedAndDecoded = (video: Video) => {
  const still = {
    ...request,
    prompt: sourcePrompt,
    sourcePrompt,
    video,
    start: "inversion-free",
    steps: 1,
    strength: 1,
    guidanceScale: 1,
  } as const
  return Effect.map(eventsOf(still), videoOf)
}

for (const inversion of ["ddim", "flow-heun"] as const) {
  withLayer(modelLayer({ sampler: "ddim", inversion }))(
    `a video of the bundled model, inverted by ${inversion}`,
    (it) => {
      it.effect("comes back when it is sampled again", () =>
        Effect.gen(function* () {
          const source = videoOf(yield* eventsOf({ ...request, prompt: sourcePrompt, steps: 20 }))
          const back = {
            ...request,
            prompt: sourcePrompt,
            sourcePrompt,
            video: source,
            start: "inversion",
            strength: 1,
            guidanceScale: 1,
          } as const
          const reference = yield* encodedAndDecoded(source)
          const [few, many] = [
            psnr(videoOf(yield* eventsOf({ ...back, steps: 5 })), reference),
            psnr(videoOf(yield* eventsOf({ ...back, steps: 20 })), reference),
          ]
          assert.isAbove(many, few + 3)
          assert.isAbove(many, 30)
        }),
      )
    },
  )
}

withLayer(modelLayer({ sampler: "ddim" }))("a video of the bundled model that is led to another prompt", (it) => {
  it.effect("changes, and the same way for one seed", () =>
    Effect.gen(function* () {
      const source = videoOf(yield* eventsOf({ ...request, prompt: sourcePrompt, steps: 20 }))
      const edit = {
        ...request,
        prompt: "a red balloon flies up at night",
        sourcePrompt,
        video: source,
        start: "inversion-free",
        steps: 8,
      } as const
      const once = videoOf(yield* eventsOf(edit))
      assert.deepStrictEqual(videoOf(yield* eventsOf(edit)).values(), once.values())
      const still = yield* encodedAndDecoded(source)
      assert.isBelow(psnr(once, still), 25)
    }),
  )
})
