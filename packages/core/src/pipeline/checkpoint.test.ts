import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  type Checkpoint,
  decodeCheckpoint,
  encodeCheckpoint,
  readCheckpointNote,
  sealCheckpoint,
} from "./checkpoint.ts"
import { CheckpointError } from "../services/errors.ts"
import { Random } from "../random/random.ts"
import { crc32 } from "../weights/crc32.ts"
import { decodeSafetensors, encodeSafetensors } from "../weights/safetensors.ts"
import { type AnyTensor, type Latents, Tensor } from "../tensor/tensor.ts"

const random = Random.torch(3)

const latents = (): Latents => Tensor.from("batch frames channels height width", [1, 2, 3, 2, 1], random.normal(12))

const checkpoint: Checkpoint = {
  request: {
    prompt: 'a "fox" 🦊\nruns',
    negativePrompt: "",
    seed: 7,
    steps: 20,
    guidanceScale: 6.5,
    frames: 8,
    height: 16,
    width: 8,
    start: "inversion-free",
    sourcePrompt: "a fox",
    sourceGuidanceScale: 2,
    strength: 0.8,
    previewEvery: 3,
  },
  modelHash: "5eed",
  denoiser: "CogVideoX-2b",
  sampler: "dpm",
  guidance: "classifier-free",
  editor: "flow-edit",
  state: { index: 5, beginIndex: 2, sample: latents(), history: { clean: latents(), velocity: latents() } },
  componentStates: {
    denoiser: new Map([["residual.0", Tensor.from("rows columns", [2, 3], random.normal(6))]]),
    guidance: new Map([["average", Tensor.from("axis0", [2], random.normal(2))]]),
  },
  random: random.save(),
  image: latents(),
  given: { promptEmbeddings: Tensor.from("batch tokens features", [1, 3, 2], random.normal(6)) },
}

/** The bytes of the checkpoint with other metadata, or without a tensor, and with the checksum of that. */
const altered = (metadata: Readonly<Record<string, string>>, without?: string): Uint8Array => {
  const file = decodeSafetensors(encodeCheckpoint(checkpoint))
  const tensors = [...file.tensors].filter(([name]) => name !== without)
  return sealed(
    Object.fromEntries(
      tensors.map(([name, { shape, data }]) => [
        name,
        Tensor.from(shape.map((_, i) => `axis${i}`).join(" "), shape as never, data as Float32Array),
      ]),
    ),
    { ...file.metadata, ...metadata },
  )
}

const sealed = (tensors: Readonly<Record<string, AnyTensor>>, metadata: Readonly<Record<string, string>>): Uint8Array =>
  sealCheckpoint(encodeSafetensors(tensors, { ...metadata, checksum: "00000000" }))

const complaint = (bytes: Uint8Array): string => {
  try {
    decodeCheckpoint(bytes)
  } catch (error) {
    expect(error).toBeInstanceOf(CheckpointError)
    return (error as CheckpointError).message
  }
  return "none"
}

describe("a checkpoint", () => {
  it("carries a text of its caller's, which changes nothing else", () => {
    const noted = encodeCheckpoint(checkpoint, "out.mp4")
    expect(readCheckpointNote(noted)).toBe("out.mp4")
    expect(readCheckpointNote(encodeCheckpoint(checkpoint))).toBeUndefined()
    expect(decodeCheckpoint(noted)).toEqual(decodeCheckpoint(encodeCheckpoint(checkpoint)))
  })

  it("comes back from its bytes as it was", () => {
    expect(decodeCheckpoint(encodeCheckpoint(checkpoint))).toEqual(checkpoint)
  })

  it("comes back without an image, a memory, and the settings that were not given", () => {
    const plain: Checkpoint = {
      ...checkpoint,
      request: { prompt: "a fox", seed: 0, steps: 1, guidanceScale: 1 },
      state: { index: 0, beginIndex: 0, sample: latents(), history: {} },
      image: undefined,
    }
    expect(decodeCheckpoint(encodeCheckpoint(plain))).toEqual(plain)
  })

  it.each([0, -5, 2 ** 53 - 1, 2n ** 53n, 2n ** 64n - 1n, -(2n ** 63n)])("keeps the seed %s", (seed) => {
    const { request } = decodeCheckpoint(encodeCheckpoint({ ...checkpoint, request: { ...checkpoint.request, seed } }))
    expect(request.seed).toBe(seed)
  })

  it("keeps a random state with an unused normal", () => {
    const odd = Random.torch(11)
    odd.normal(3)
    const restored = Random.restore(decodeCheckpoint(encodeCheckpoint({ ...checkpoint, random: odd.save() })).random)
    expect(restored.normal(40)).toEqual(odd.normal(40))
  })

  it("writes views in their own order", () => {
    const sample = Tensor.from("batch channels frames height width", [1, 3, 2, 2, 1], random.normal(12)).permute(
      "batch frames channels height width",
    )
    const read = decodeCheckpoint(encodeCheckpoint({ ...checkpoint, state: { ...checkpoint.state, sample } }))
    expect(read.state.sample).toEqual(sample.contiguous())
  })
})

describe("decodeCheckpoint", () => {
  it("refuses another file", () => {
    expect(complaint(encodeSafetensors({ sample: latents() }))).toBe(
      'This is not a checkpoint of auteur: its format is "unknown", "auteur-checkpoint-2" is expected.',
    )
    expect(complaint(altered({ format: "auteur-checkpoint-9" }))).toContain('has the format "auteur-checkpoint-9"')
    expect(complaint(new TextEncoder().encode("not a checkpoint at all"))).toContain("The checkpoint cannot be read")
    expect(complaint(new Uint8Array())).toContain("The checkpoint cannot be read")
  })

  it.each([
    ["request", "null"],
    ["request", "{"],
    ["request", "[1]"],
    ["request", '{"prompt":"a","seed":"x","steps":"1","guidanceScale":"1"}'],
    ["request", '{"prompt":"a","seed":"","steps":"1","guidanceScale":"1"}'],
    ["request", '{"prompt":"a","seed":1,"steps":"1","guidanceScale":"1"}'],
    ["request", '{"prompt":3,"seed":"1","steps":"1","guidanceScale":"1"}'],
    ["request", '{"prompt":"a","seed":"1","guidanceScale":"1"}'],
    ["request", '{"prompt":"a","seed":"1","steps":"1","guidanceScale":null}'],
    ["request", '{"prompt":"a","seed":"1","steps":"1","guidanceScale":"1","frames":9}'],
    ["index", ""],
    ["index", "-1"],
    ["index", "1.5"],
    ["beginIndex", "NaN"],
    ["random", "null"],
    ["random", "{}"],
    ["random", "7"],
  ])("refuses the %s %s", (name, value) => {
    expect(complaint(altered({ [name]: value }))).toMatch(
      /^The checkpoint has .*: it is damaged, start again without it\.$/,
    )
  })

  it("refuses a checkpoint without its sample", () => {
    expect(complaint(altered({}, "sample"))).toBe(
      'The checkpoint has no tensor "sample": it is damaged, start again without it.',
    )
  })

  it("fails only with a CheckpointError, whatever happened to the bytes", () => {
    const bytes = encodeCheckpoint(checkpoint)
    const header = bytes.length - 4 * 12 * 4
    fc.assert(
      fc.property(
        // Most damage lies where it can be seen: in the header.
        fc.array(fc.tuple(fc.nat({ max: header - 1 }), fc.nat({ max: 255 })), { minLength: 1, maxLength: 4 }),
        fc.option(fc.nat({ max: bytes.length }), { freq: 4 }),
        (changes, length) => {
          const damaged = bytes.slice(0, length ?? bytes.length)
          for (const [at, value] of changes) damaged[at] = value
          expect(() => {
            try {
              decodeCheckpoint(damaged)
            } catch (error) {
              if (!(error instanceof CheckpointError)) throw error
            }
          }).not.toThrow()
        },
      ),
      { numRuns: 2000 },
    )
  })
})

describe("the checksum of a checkpoint", () => {
  const bytes = encodeCheckpoint(checkpoint, "out.mp4")
  const accepts = (changed: Uint8Array): boolean => {
    try {
      decodeCheckpoint(changed)
      return true
    } catch (error) {
      if (error instanceof CheckpointError) return false
      throw error
    }
  }

  it("finds every flipped bit", () => {
    const kept: Array<number> = []
    for (let bit = 0; bit < 8 * bytes.length; bit++) {
      const changed = bytes.slice()
      changed[bit >> 3]! ^= 1 << (bit & 7)
      if (accepts(changed)) kept.push(bit)
    }
    expect(kept).toEqual([])
  })

  it("finds changed, missing and added bytes", () => {
    const at = fc.nat({ max: bytes.length - 1 })
    const change = fc.tuple(at, fc.uint8Array({ maxLength: 12 }), fc.nat({ max: 12 }))
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        let changed = bytes
        for (const [place, added, removed] of changes) {
          changed = Uint8Array.from([...changed.subarray(0, place), ...added, ...changed.subarray(place + removed)])
        }
        fc.pre(changed.length !== bytes.length || changed.some((byte, i) => byte !== bytes[i]))
        expect(accepts(changed)).toBe(false)
      }),
      { numRuns: 300 },
    )
  })

  it("is that of zip: 0xcbf43926 for 123456789", () => {
    expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf4_3926)
    expect(crc32(new TextEncoder().encode("456789"), crc32(new TextEncoder().encode("123")))).toBe(0xcbf4_3926)
  })
})

describe("the states of components", () => {
  const rows = Tensor.from("rows columns", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6))
  const withMemory = (tensor: AnyTensor): Checkpoint => ({
    ...checkpoint,
    componentStates: { denoiser: new Map(), guidance: new Map([["view", tensor]]) },
  })

  it("may be a view", () => {
    const { componentStates } = decodeCheckpoint(encodeCheckpoint(withMemory(rows.permute("columns rows"))))
    const view = componentStates.guidance.get("view")!
    expect([view.layout, ...view.values()]).toEqual(["columns rows", 1, 4, 2, 5, 3, 6])
  })

  it("is refused with axes that are none", () => {
    expect(complaint(altered({ axes: '{"denoiser.residual.0":"a a","guidance.average":"a"}' }))).toContain(
      'has an odd tensor "denoiser.residual.0"',
    )
    expect(complaint(altered({ axes: "{}" }))).toContain("of unknown type or axes")
  })
})
