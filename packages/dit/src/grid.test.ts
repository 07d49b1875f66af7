import type { LatentSize } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { parseTransformerConfig } from "./config.ts"
import { refuseSize, trainedSize } from "./grid.ts"

const configOf = (fields: Record<string, unknown>) =>
  parseTransformerConfig({ _class_name: "CogVideoXTransformer3DModel", ...fields }, "config.json")

const problem = (fields: Record<string, unknown>, size: LatentSize) =>
  Effect.map(configOf(fields), (config) => refuseSize(config, { spatialCompression: 8 }, "the model", size))

const rotary = { use_rotary_positional_embeddings: true }
const learned = { ...rotary, use_learned_positional_embeddings: true }
const temporal = { ...rotary, patch_size_t: 2, sample_height: 96, sample_width: 170, sample_frames: 81 }
const imageToVideo = { ...temporal, in_channels: 32, ofs_embed_dim: 512 }

describe("trainedSize", () => {
  for (const [name, fields, size] of [
    ["the size of the config's sample", temporal, { frames: 21, height: 96, width: 170 }],
    [
      "81 frames of 1360×768 for CogVideoX 1.5, whose published config has the side of its table of positions",
      { ...temporal, sample_height: 300, sample_width: 300, sample_frames: 85 },
      { frames: 21, height: 96, width: 170 },
    ],
  ] as const) {
    it.effect(`is ${name}`, () =>
      Effect.map(configOf(fields), (config) => assert.deepStrictEqual(trainedSize(config), size)),
    )
  }
})

describe("refuseSize", () => {
  for (const [name, fields, size] of [
    ["any whole patches with sin-cos positions", {}, { frames: 3, height: 2, width: 200 }],
    ["any whole patches with the rotary positions of 1.0", rotary, { frames: 1, height: 90, width: 60 }],
    ["the trained size with learned positions", learned, { frames: 13, height: 60, width: 90 }],
    ["the whole grid of 1.5", temporal, { frames: 22, height: 96, width: 170 }],
    ["1.5 image-to-video in portrait", imageToVideo, { frames: 22, height: 170, width: 96 }],
    ["1.5 image-to-video wider than its grid", imageToVideo, { frames: 22, height: 96, width: 200 }],
  ] as const) {
    it.effect(`allows ${name}`, () => Effect.map(problem(fields, size), (message) => assert.isUndefined(message)))
  }

  for (const [name, fields, size, expected] of [
    [
      "half patches",
      {},
      { frames: 13, height: 61, width: 90 },
      /height of 488 pixels .* multiple of 16; the nearest are 480 and 496/,
    ],
    ["nothing", {}, { frames: 13, height: 60, width: 0 }, /width of 0 pixels .* the smallest is 16/],
    [
      "half a temporal patch",
      temporal,
      { frames: 21, height: 96, width: 170 },
      /^21 latent frames .* multiple of 2; the nearest are 20 and 22/,
    ],
    [
      "another size with learned positions",
      learned,
      { frames: 13, height: 90, width: 60 },
      /480×720 pixels .* for 720×480 only/,
    ],
    [
      "another length with learned positions",
      learned,
      { frames: 7, height: 60, width: 90 },
      /7 latent frames .* for 13 only, which are 49 frames/,
    ],
    [
      "more tokens than are attended",
      {},
      { frames: 1_048_577, height: 2, width: 2 },
      /1048577 latent frames of 16×16 pixels .* are 1048577 tokens, and at most 1048576/,
    ],
    [
      "a side longer than the grid of 1.5 text-to-video",
      temporal,
      { frames: 22, height: 170, width: 96 },
      /height of 1360 pixels .* end at 768; the largest video is 1360×768/,
    ],
  ] as const) {
    it.effect(`refuses ${name} in pixels`, () =>
      Effect.map(problem(fields, size), (message) => assert.match(message ?? "allowed", expected)),
    )
  }
})
