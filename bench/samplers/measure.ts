/** Measures what steps and guidance do to the bundled model's clips: `npm run bench -- samplers`. */
import { execFileSync } from "node:child_process"
import { generate, Guidance, Sampler, type Video } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { guidanceNamed, guidanceNames, samplerNamed, samplerNames } from "@auteur/samplers"
import { loadModel } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { type Content, shownBy } from "./clip-check.ts"
import type { Quality, QualityResults } from "./results.ts"

const clips: ReadonlyArray<readonly [prompt: string, content: Content]> = [
  ["a fox runs to the right in a meadow", { subject: "fox", motion: "right", scene: "meadow" }],
  ["a red balloon flies up over the sea", { subject: "balloon", motion: "up", scene: "sea" }],
  ["a green frog moves to the left in the desert", { subject: "frog", motion: "left", scene: "desert" }],
  ["a yellow star falls down on a city street", { subject: "star", motion: "down", scene: "city" }],
  ["a ghost moves to the left at night", { subject: "ghost", motion: "left", scene: "night" }],
  ["a blue fish moves to the right on the ice", { subject: "fish", motion: "right", scene: "ice" }],
]
const seeds = [1, 2]
const stepCounts = [4, 8, 15, 25, 50]
const guidanceStrengths = [3, 6, 12]
const [guidance, guidanceSteps] = [6, 15]
const reference = { sampler: "unipc", steps: 500, guidance }
// They draw noise on the way, so that no run of other steps ends at the same clip.
const stochastic = ["dpm", "ddpm"]

const psnr = (a: Video, b: Video): number => {
  const [x, y] = [a.contiguous().values(), b.contiguous().values()]
  const error = x.reduce((sum, value, i) => sum + (value - y[i]!) ** 2, 0) / x.length
  return 10 * Math.log10(255 ** 2 / error)
}
const clippedPart = (video: Video): number =>
  video
    .contiguous()
    .values()
    .reduce((count, value) => count + (value === 0 || value === 255 ? 1 : 0), 0) / video.size

/** The settings of a clip. */
interface Way {
  readonly sampler: string
  readonly method: string
  readonly steps: number
  readonly guidance: number
}

const round = (value: number): number => Number(value.toPrecision(4))

/** The figures of all clips; `log` gets the progress. */
export const measureQuality: (log: (line: string) => void) => Promise<QualityResults> = (log) =>
  Effect.runPromise(
    Effect.gen(function* () {
      const model = yield* loadModel("emoji-world")
      const draw = Effect.fnUntraced(function* (
        { sampler, method, steps, guidance }: Way,
        prompt: string,
        seed: number,
      ) {
        const events = Stream.runLast(generate({ prompt, seed, steps, guidanceScale: guidance })).pipe(
          Effect.provideService(Sampler, samplerNamed(sampler, model.folder.scheduler).sampler),
          Effect.provideService(Guidance, guidanceNamed(method)),
        )
        const end = yield* Effect.flatMap(events, Effect.fromOption)
        if (end.type !== "video-end") return yield* Effect.die(`The last event was ${end.type}`)
        return end.video
      })
      /** Every prompt with the first seed, then with the next. */
      const drawAll = (way: Way, seeds: ReadonlyArray<number>) =>
        Effect.forEach(seeds, (seed) => Effect.forEach(clips, ([prompt]) => draw(way, prompt, seed))).pipe(
          Effect.map((videos) => videos.flat()),
        )
      const qualityOf = (
        name: string,
        way: Way,
        videos: ReadonlyArray<Video>,
        references: ReadonlyArray<Video> = [],
      ): Quality => {
        const { sampler, steps, guidance } = way
        const seen = videos.map((video, i) => {
          const [, content] = clips[i % clips.length]!
          const shown = shownBy(video)
          return (["scene", "motion", "subject"] as const).map((what) => shown[what] === content[what])
        })
        const count = (holds: (checks: ReadonlyArray<boolean>) => boolean): number => seen.filter(holds).length
        const quality: Quality = {
          name,
          steps,
          guidance,
          evaluations: samplerNamed(sampler, model.folder.scheduler).sampler.schedule(steps).levels.length,
          psnr: references.map((reference, i) => round(psnr(videos[i]!, reference))),
          scene: count(([scene]) => scene!),
          motion: count(([, motion]) => motion!),
          subject: count(([, , subject]) => subject!),
          clipped: round(videos.reduce((sum, video) => sum + clippedPart(video), 0) / videos.length),
        }
        log(JSON.stringify(quality))
        return quality
      }

      return yield* Effect.gen(function* () {
        const method = "classifier-free"
        const references = yield* drawAll({ ...reference, method }, [seeds[0]!])
        const others = yield* Effect.forEach(clips.slice(0, 2), ([prompt]) =>
          draw({ ...reference, sampler: "ddim", method }, prompt, seeds[0]!),
        )
        const samplers: Array<Quality> = []
        for (const sampler of samplerNames) {
          for (const steps of stepCounts) {
            // It evaluates the network twice a step: its 25 steps are the work of 50.
            if (sampler === "flow-heun" && steps === 50) continue
            const way = { sampler, method, steps, guidance }
            const compared = stochastic.includes(sampler) ? undefined : references
            samplers.push(qualityOf(sampler, way, yield* drawAll(way, seeds), compared))
          }
        }
        const guidances: Array<Quality> = []
        for (const method of guidanceNames) {
          for (const guidance of guidanceStrengths) {
            const way = { sampler: "ddim", method, steps: guidanceSteps, guidance }
            guidances.push(qualityOf(method, way, yield* drawAll(way, seeds)))
          }
        }
        return {
          commit: execFileSync("git", ["describe", "--always", "--dirty"], { encoding: "utf8" }).trim(),
          model: model.folder.name,
          prompts: clips.map(([prompt]) => prompt),
          seeds,
          reference,
          referencePsnr: others.map((video, i) => round(psnr(video, references[i]!))),
          samplers,
          guidances,
        }
      }).pipe(Effect.provide(model.layer.pipe(Layer.provide(engineLayer()))))
    }),
  )
