import * as Effect from "effect/Effect"
import { Denoiser, type PredictInput, type DenoiserShape, type LatentSize } from "../services/denoiser.ts"
import { matchLevel } from "../noise/noise-levels.ts"
import type { Level, Prediction } from "../noise/noise-process.ts"
import { Random } from "../random/random.ts"
import type { ComponentState } from "../services/component-state.ts"
import type { Latents } from "../tensor/tensor.ts"
import { linearCombination } from "../tensor/tensor-arithmetic.ts"
import { allFinite } from "../tensor/tensor-statistics.ts"
import type { TextEmbeddings } from "../services/text-encoder.ts"
import { checkCost, type Check, checksOf, demand, type Subject } from "./check.ts"
import { distance, isSame, normalLatents, watch } from "./latents.ts"
import { componentStateThroughCheckpoint } from "./through-checkpoint.ts"

export interface DenoiserTestOptions {
  /** Channels of a latent frame. */
  readonly channels: number
  /** Two texts as its text encoder gives them. */
  readonly texts: readonly [TextEmbeddings, TextEmbeddings]
  /** The latent size to ask at. Default: the one that it was trained at. */
  readonly size?: LatentSize
  /** How far two predictions may be apart that have to be equal. Default 1e-4. */
  readonly tolerance?: number
}

/** The laws of a network; see {@link testSampler} for how they are run. */
export const testDenoiser = (
  subject: Subject<Denoiser, DenoiserShape>,
  { channels, texts, size, tolerance = 1e-4 }: DenoiserTestOptions,
): ReadonlyArray<Check> => {
  const shapeOf = ({ trained }: DenoiserShape): Latents["shape"] => {
    const { frames, height, width } = size ?? trained
    return [1, frames, channels, height, width]
  }
  const levelOf = ({ process }: DenoiserShape, sigma: number): Level =>
    matchLevel(process, { alpha: 1 - sigma, sigma, timestep: 1000 * sigma }).level
  const inputOf = (denoiser: DenoiserShape, given: ReadonlyArray<TextEmbeddings>, sigma = 0.6): PredictInput => {
    const random = Random.torch(1)
    const [sample, image] = [normalLatents(random, shapeOf(denoiser)), normalLatents(random, shapeOf(denoiser))]
    const input = { sample, level: levelOf(denoiser, sigma), texts: given }
    return denoiser.imageConditioned ? { ...input, image } : input
  }

  return checksOf(Denoiser, subject, {
    "has a name, and sizes that it can be run at": (denoiser) => {
      demand(denoiser.name !== "", "A network has to have a name, for messages and checkpoints.")
      for (const axis of ["frames", "height", "width"] as const) {
        const [patch, trained] = [denoiser.patch[axis], denoiser.trained[axis]]
        demand(
          Number.isSafeInteger(patch) && patch > 0,
          `Its patch has ${patch} ${axis}: a whole number from 1 is needed.`,
        )
        demand(
          trained > 0 && trained % patch === 0,
          `It was trained at ${trained} ${axis}, which is not a multiple of its patch of ${patch}.`,
        )
      }
      const refused = denoiser.unsupported(denoiser.trained)
      demand(refused === undefined, `It refuses the size that it was trained at: ${refused}`)
    },
    "predicts finite latents of the sample's shape for each text": (denoiser) =>
      Effect.gen(function* () {
        for (const sigma of [0.02, 0.5, 0.98]) {
          for (const count of [1, 2]) {
            const input = inputOf(denoiser, texts.slice(0, count), sigma)
            const predictions = yield* denoiser.predict(input)
            demand(predictions.length === count, `${count} texts get ${predictions.length} predictions.`)
            for (const latents of predictions.flatMap(({ clean, noise }) => [clean, noise])) {
              demand(
                latents.shape.join() === input.sample.shape.join(),
                `A sample of [${input.sample.shape.join(", ")}] is answered with [${latents.shape.join(", ")}].`,
              )
              demand(allFinite(latents.contiguous()), `At sigma ${sigma} it predicts values that are not finite.`)
            }
          }
        }
      }),
    "predicts so that alpha · clean + sigma · noise is the sample": (denoiser) =>
      Effect.gen(function* () {
        for (const sigma of [0.1, 0.5, 0.9]) {
          const input = inputOf(denoiser, [texts[0]], sigma)
          const [prediction] = yield* denoiser.predict(input)
          const { clean, noise } = prediction!
          const { level } = input
          const mixed = linearCombination([
            [level.alpha, clean],
            [level.sigma, noise],
          ])
          const away = distance(mixed, input.sample.contiguous())
          demand(
            away <= tolerance,
            `At sigma ${sigma} its clean latents and noise mix to ${away} away from the sample.`,
          )
        }
      }),
    "predicts for two texts together as for each alone": (denoiser) =>
      Effect.gen(function* () {
        const together = yield* denoiser.predict(inputOf(denoiser, texts))
        for (const [i, text] of texts.entries()) {
          const [alone] = yield* denoiser.predict(inputOf(denoiser, [text]))
          const away = distance(together[i]!.clean.contiguous(), alone!.clean.contiguous())
          demand(
            away <= tolerance,
            `The prediction for text ${i + 1} of two is ${away} away from the one that it gets alone.`,
          )
        }
      }),
    "tells texts apart": (denoiser) =>
      Effect.gen(function* () {
        const [first, second] = yield* denoiser.predict(inputOf(denoiser, texts))
        demand(
          distance(first!.clean.contiguous(), second!.clean.contiguous()) > 0,
          "Two texts get the same prediction.",
        )
      }),
    "gives the same bits for the same question, and leaves it alone": (denoiser) =>
      Effect.gen(function* () {
        const input = inputOf(denoiser, texts)
        const isUnchanged = watch([input.sample, ...texts, ...(input.image === undefined ? [] : [input.image])])
        const [first, again] = [yield* denoiser.predict(input), yield* denoiser.predict(input)]
        demand(areSame(first, again), "The same question gets other bits the second time.")
        demand(isUnchanged(), "It writes into a tensor that it was given.")
      }),
    "continues from a checkpoint bit for bit": (denoiser) =>
      Effect.gen(function* () {
        const sigmas = [0.9, 0.85, 0.8, 0.75]
        const predictAll = (state: ComponentState, from: number, until: number) =>
          Effect.forEach(sigmas.slice(from, until), (sigma) =>
            denoiser.predict({ ...inputOf(denoiser, texts, sigma), state }),
          )
        const whole = yield* predictAll(new Map(), 0, sigmas.length)
        for (let place = 1; place < sigmas.length; place++) {
          const state: ComponentState = new Map()
          yield* predictAll(state, 0, place)
          const rest = yield* predictAll(componentStateThroughCheckpoint("denoiser", state), place, sigmas.length)
          demand(
            rest.every((predictions, i) => areSame(predictions, whole[place + i]!)),
            `Saved after ${place} steps and continued, it gives other bits: keep what is needed later as tensors in the state.`,
          )
        }
      }),
    "says what a call takes": (denoiser) =>
      Effect.gen(function* () {
        const [, frames, , height, width] = shapeOf(denoiser)
        for (const count of [1, 2])
          checkCost(yield* denoiser.cost({ frames, height, width }, count), `asking with ${count} texts`)
      }),
  })
}

const areSame = (a: ReadonlyArray<Prediction>, b: ReadonlyArray<Prediction>): boolean =>
  a.every(({ clean, noise }, i) => {
    const other = b[i]!
    return isSame(clean.contiguous(), other.clean.contiguous()) && isSame(noise.contiguous(), other.noise.contiguous())
  })
