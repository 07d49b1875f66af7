import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { describe, expect, it } from "vitest"
import { characters, classifierFree, colours, diffusion, normals } from "../../test/gaussian-parts.ts"
import { deterministic, stochasticMultistep, twicePerStep } from "../../test/small-samplers.ts"
import type { EditorShape } from "../services/editor.ts"
import type { GuidanceShape } from "../services/guidance.ts"
import type { InversionShape } from "../services/inversion.ts"
import { LatentSpace } from "../services/latent-space.ts"
import { rectifiedFlow } from "../noise/noise-levels.ts"
import type { SamplerShape } from "../services/sampler.ts"
import { type Latents, Tensor } from "../tensor/tensor.ts"
import { add, linearCombination } from "../tensor/tensor-arithmetic.ts"
import type { TextEmbeddings } from "../services/text-encoder.ts"
import { VideoVae, type VideoVaeShape } from "../services/video-vae.ts"
import type { Check } from "./check.ts"
import {
  testDenoiser,
  testEditor,
  testGuidance,
  testInversion,
  testSampler,
  testTextEncoder,
  testVae,
} from "./index.ts"
import { climbing } from "../../test/small-starts.ts"

/** The names of the laws that are broken, with what is said of the first. */
const broken = async (checks: ReadonlyArray<Check>): Promise<{ names: ReadonlyArray<string>; first: string }> => {
  const results = await Promise.allSettled(checks.map(({ run }) => run()))
  const reasons = results.flatMap((result, i) =>
    result.status === "rejected" ? [[checks[i]!.name, (result.reason as Error).message] as const] : [],
  )
  return { names: reasons.map(([name]) => name), first: reasons[0]?.[1] ?? "" }
}
const none = { names: [], first: "" }

const times = (factor: number, latents: Latents): Latents => linearCombination([[factor, latents]])

describe("testSampler", () => {
  const sound = deterministic(rectifiedFlow)
  it.each([sound, twicePerStep(rectifiedFlow), deterministic(diffusion)])(
    "finds no fault with $name",
    async (sampler) => {
      expect(await broken(testSampler(sampler))).toEqual(none)
    },
  )

  const step =
    (change: (next: ReturnType<SamplerShape["step"]>, calls: number) => ReturnType<SamplerShape["step"]>) =>
    (): SamplerShape => {
      let calls = 0
      return { ...sound, step: (...input) => change(sound.step(...input), calls++) }
    }
  it.each<[string, () => SamplerShape, string]>([
    [
      "a draw that is nobody's",
      step((next) => ({ ...next, sample: times(1 + Math.random(), next.sample) })),
      "gives the same bits for the same random numbers",
    ],
    [
      "a state outside of the state",
      step((next, calls) => ({ ...next, sample: times(1 + (calls % 3) / 10, next.sample) })),
      "continues from a checkpoint bit for bit",
    ],
    [
      "an index that stays",
      () => ({
        ...sound,
        step: (schedule, state, ...rest) => ({ ...sound.step(schedule, state, ...rest), index: state.index }),
      }),
      "goes one place on with each step, and keeps the shape, wherever it begins",
    ],
    [
      "a step in place",
      () => ({
        ...sound,
        step: (schedule, state, prediction, random) => {
          add(state.sample, prediction.clean)
          return sound.step(schedule, state, prediction, random)
        },
      }),
      "leaves what it is given alone",
    ],
    [
      "an end that is not clean",
      () => ({
        ...sound,
        step: (schedule, state, { clean, noise }, random) =>
          sound.step(schedule, state, { clean: times(0.9, clean), noise }, random),
      }),
      "ends at the clean latents when the network knows them",
    ],
    [
      "levels that rise",
      () => ({ ...sound, schedule: (steps) => ({ levels: sound.schedule(steps).levels.toReversed() }) }),
      "plans levels that are finite and fall in noise",
    ],
    [
      "NaN from large latents",
      () => ({
        ...sound,
        step: (schedule, state, { clean, noise }, random) => {
          const large = clean.values().some((x) => Math.abs(x) > 100)
          return sound.step(schedule, state, { clean: large ? times(Number.NaN, clean) : clean, noise }, random)
        },
      }),
      "stays finite on extreme latents",
    ],
  ])("finds %s", async (_, sampler, law) => {
    expect((await broken(testSampler(sampler()))).names).toContain(law)
  })

  it("holds a sampler that extrapolates to the end that it reaches", async () => {
    expect((await broken(testSampler(stochasticMultistep(rectifiedFlow)))).names).toEqual([])
  })
})

describe("testInversion", () => {
  const sound: InversionShape = { ...climbing(rectifiedFlow), name: "euler" }

  it("finds no fault with Euler's", async () => {
    expect(await broken(testInversion(sound))).toEqual(none)
  })

  it.each<[string, InversionShape, string]>([
    [
      "a walk that stops short",
      { ...sound, schedule: (levels) => ({ levels: levels.slice(0, -1), end: levels.at(-2)! }) },
      "ends at the noise when the network knows it",
    ],
    [
      "levels that are changed",
      { ...sound, schedule: (levels) => sound.schedule((levels as Array<(typeof levels)[number]>).splice(0)) },
      "plans the same each time, and leaves the levels that it is given alone",
    ],
  ])("finds %s", async (_, inversion, law) => {
    expect((await broken(testInversion(inversion))).names).toContain(law)
  })
})

describe("testGuidance", () => {
  it("finds no fault with classifier-free guidance", async () => {
    expect(await broken(testGuidance(classifierFree))).toEqual(none)
  })

  /** The difference, averaged over the steps; kept where `kept` says. */
  const momentum = (kept: "memory" | "closure"): GuidanceShape => {
    const own = new Map()
    return {
      ...classifierFree,
      combine: (input) => {
        const memory = kept === "memory" ? input.state : own
        const before = (memory.get("noise") ?? input.conditional.noise) as Latents
        memory.set("noise", input.conditional.noise)
        const noise = linearCombination([
          [0.5, input.conditional.noise],
          [0.5, before],
        ])
        return { clean: input.conditional.clean, noise }
      },
    }
  }
  it.each<[string, GuidanceShape, string]>([
    ["a memory of its own", momentum("closure"), "gives the same bits for the same answers"],
    [
      "a sum that does not end at the common answer",
      {
        ...classifierFree,
        combine: ({ conditional: { clean, noise }, scale }) => ({ clean: times(scale, clean), noise }),
      },
      "gives back a prediction that is the same with and without the prompt",
    ],
  ])("finds %s", async (_, guidance, law) => {
    expect((await broken(testGuidance(guidance))).names).toContain(law)
  })

  it("lets a guidance depart from equal predictions where it says so", async () => {
    // The zero-init of CFG-Zero*: no prediction at all in the first step.
    const zeroInit: GuidanceShape = {
      ...classifierFree,
      combine: (input) => {
        const { clean, noise } = classifierFree.combine(input)
        return input.index > 0 ? { clean, noise } : { clean: times(0, clean), noise: times(0, noise) }
      },
    }
    expect((await broken(testGuidance(zeroInit))).names).toHaveLength(1)
    expect(await broken(testGuidance({ ...zeroInit, keepsEqualPredictions: false }))).toEqual(none)
  })

  it("lets a guidance keep tensors in the run's memory", async () => {
    const { names } = await broken(testGuidance(momentum("memory")))
    expect(names).not.toContain("continues from a checkpoint bit for bit")
    expect(names).not.toContain("gives the same bits for the same answers")
  })
})

describe("testEditor", () => {
  /** Along the difference between the velocities, with a factor for the target's. */
  const along = (factor: number, noiseless = false): EditorShape => ({
    name: "along",
    step: Effect.fnUntraced(function* ({ source, edited, sigma, nextSigma, noise, velocity }) {
      const drawn = noiseless ? edited : noise()
      const from: Latents = linearCombination([
        [1 - sigma, source],
        [sigma, drawn],
      ])
      const to: Latents = linearCombination([
        [1, edited],
        [1, from],
        [-1, source],
      ])
      return linearCombination([
        [1, edited],
        [factor * (nextSigma - sigma), yield* velocity("target", to)],
        [sigma - nextSigma, yield* velocity("source", from)],
      ])
    }),
  })
  it("finds no fault with a difference of velocities", async () => {
    expect(await broken(testEditor(along(1)))).toEqual(none)
  })

  it.each<[string, EditorShape, string]>([
    ["one that does not give the source back", along(1.1), "gives the source back when the prompts are equal"],
    [
      "one that does nothing",
      { name: "none", step: ({ edited }) => Effect.succeed(edited) },
      "changes the video when the prompts differ",
    ],
    [
      "one that hides the network's error",
      { name: "deaf", step: (input) => Effect.orElseSucceed(along(1).step(input), () => input.edited) },
      "fails as the network fails",
    ],
  ])("finds %s", async (_, editor, law) => {
    expect((await broken(testEditor(editor))).names).toContain(law)
  })
})

describe("testTextEncoder", () => {
  it("finds no fault with one that knows characters", async () => {
    expect(await broken(testTextEncoder(characters))).toEqual(none)
  })

  it("finds one whose lengths follow the prompt, and one that hides what it cut", async () => {
    const growing = {
      ...characters,
      encode: (prompt: string) =>
        Effect.succeed({
          embeddings: Tensor.zeros("batch tokens features", [1, prompt.length, 2]),
          truncated: undefined,
        }),
    }
    expect((await broken(testTextEncoder(growing))).names).toEqual(
      expect.arrayContaining([
        "gives a row for each of its tokens, whatever the prompt, with values that are finite",
        "says what did not fit, and nothing where all of it did",
      ]),
    )
  })
})

describe("testDenoiser", async () => {
  const texts = await Promise.all(
    ["fox", "dragon"].map(async (text) => (await Effect.runPromise(characters.encode(text))).embeddings),
  )
  const options = {
    channels: 3,
    texts: texts as [TextEmbeddings, TextEmbeddings],
    size: { frames: 2, height: 2, width: 2 },
  }
  const sound = { ...normals, trained: { frames: 3, height: 4, width: 6 } }

  it("finds no fault with the posterior means of normals", async () => {
    expect(await broken(testDenoiser(sound, options))).toEqual(none)
  })

  it("finds a network that remembers its run elsewhere than in the run's memory", async () => {
    let asked = 0
    const odd = {
      ...sound,
      predict: (input: Parameters<typeof sound.predict>[0]) =>
        Effect.map(sound.predict(input), (answers) => {
          const factor = input.state === undefined ? 1 : 1 + (asked++ % 3) / 10
          return answers.map(({ clean, noise }) => ({ clean: times(factor, clean), noise }))
        }),
    }
    expect((await broken(testDenoiser(odd, options))).names).toEqual(["continues from a checkpoint bit for bit"])
  })

  it("finds answers that do not mix to the sample, and texts that change each other's", async () => {
    const odd = {
      ...sound,
      predict: (input: Parameters<typeof sound.predict>[0]) =>
        Effect.map(sound.predict(input), (answers) =>
          answers.map(({ clean, noise }) => ({ clean: times(answers.length, clean), noise: times(1.1, noise) })),
        ),
    }
    expect((await broken(testDenoiser(odd, options))).names).toEqual([
      "predicts so that alpha · clean + sigma · noise is the sample",
      "predicts for two texts together as for each alone",
    ])
  })
})

describe("testVae", () => {
  const layerOf = (vae: VideoVaeShape, channels = 3) =>
    Layer.merge(
      Layer.succeed(VideoVae, vae),
      Layer.succeed(LatentSpace("colours"), {
        name: "colours",
        channels,
        spatialCompression: 8,
        temporalCompression: 4,
      }),
    )

  it("finds no fault with colours", async () => {
    expect(await broken(testVae(layerOf(colours)))).toEqual(none)
  })

  it.each<[string, Layer.Layer<VideoVae>, string]>([
    [
      "no latent space",
      Layer.succeed(VideoVae, colours),
      "declares its latent space, with the numbers that it has itself",
    ],
    ["another latent space", layerOf(colours, 4), "declares its latent space, with the numbers that it has itself"],
    [
      "chunks in disorder",
      layerOf({
        ...colours,
        decode: (latents) =>
          Stream.unwrap(
            Effect.map(Stream.runCollect(colours.decode(latents)), (chunks) =>
              Stream.fromIterable(chunks.toReversed()),
            ),
          ),
      }),
      "gives its chunks in order",
    ],
    [
      "fewer frames than it says",
      layerOf({ ...colours, decode: (latents) => Stream.drop(colours.decode(latents), 1) }),
      "decodes to as many frames as it says, of the size that its compression gives, all finite",
    ],
  ])("finds %s", async (_, layer, law) => {
    expect((await broken(testVae(layer))).names).toContain(law)
  })
})
