import { cp, mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { decodeSafetensors, encodeSafetensors, Tensor } from "@auteur/core"
import { layer as engine } from "@auteur/engine/node"
import { resolveModel } from "@auteur/hub"
import { assert, describe, it } from "@effect/vitest"
import { loadModel } from "auteur/effect"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import { afterEach, beforeEach } from "vitest"

const components = {
  transformer: "diffusion_pytorch_model.safetensors",
  vae: "diffusion_pytorch_model.safetensors",
  text_encoder: "model.safetensors",
} as const
type Component = keyof typeof components

const bundled = await Effect.runPromise(resolveModel("emoji-world"))
let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-damaged-"))
})
afterEach(() => rm(folder, { recursive: true }))

/** The bundled model with one component as a copy that may be changed; the rest is linked. */
const copyOf = async (component: string): Promise<string> => {
  for (const name of await readdir(bundled)) {
    if (name === component) await cp(join(bundled, name), join(folder, name), { recursive: true })
    else await symlink(join(bundled, name), join(folder, name))
  }
  return join(folder, component)
}

const changeWeights = async (component: Component, change: (bytes: Uint8Array) => Uint8Array): Promise<void> => {
  const path = join(await copyOf(component), components[component])
  await writeFile(path, change(new Uint8Array(await readFile(path))))
}

/** Another file of the same tensors, some of them changed. */
const changeTensors = (change: (tensors: Map<string, Tensor<"rows">>) => void) => (bytes: Uint8Array) => {
  const tensors = new Map<string, Tensor<string>>()
  for (const [name, { dtype, shape, data }] of decodeSafetensors(bytes).tensors) {
    const axes = shape.map((_, i) => `axis${i}`).join(" ")
    tensors.set(name, Tensor.from(axes, shape, data as Float32Array, dtype as "float32"))
  }
  change(tensors as Map<string, Tensor<"rows">>)
  return encodeSafetensors(Object.fromEntries(tensors))
}

/** The same data under another header. */
const changeHeader =
  (change: (header: Record<string, { data_offsets: [number, number] }>) => void) => (bytes: Uint8Array) => {
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true))
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)))
    change(header)
    const text = new TextEncoder().encode(JSON.stringify(header))
    const changed = new Uint8Array(8 + text.length + bytes.length - 8 - length)
    new DataView(changed.buffer).setBigUint64(0, BigInt(text.length), true)
    changed.set(text, 8)
    changed.set(bytes.subarray(8 + length), 8 + text.length)
    return changed
  }

/** Loads the model as a run does; answers with the sentence that it is refused with. */
const refusal: Effect.Effect<string> = Effect.gen(function* () {
  const build = Effect.flatMap(loadModel(folder), (model) => Layer.build(model.layer)).pipe(Effect.provide(engine()))
  const exit = yield* Effect.exit(Effect.scoped(build))
  if (Exit.isSuccess(exit)) return assert.fail("the damaged model was loaded")
  const defects = exit.cause.reasons.filter((reason) => !Cause.isFailReason(reason))
  assert.deepStrictEqual(defects, [], "a damaged model is an expected failure")
  const error = Cause.squash(exit.cause) as { readonly _tag: string; readonly message: string }
  assert.strictEqual(error._tag, "ModelError")
  assert.match(error.message, /^[^\n]+\.$/, "one sentence on one line")
  return error.message
})

const tensorOf = {
  transformer: "transformer_blocks.2.attn1.to_k.weight",
  vae: "decoder.up_blocks.1.resnets.0.conv1.conv.weight",
  text_encoder: "encoder.block.1.layer.0.SelfAttention.v.weight",
} as const

describe.each(Object.keys(components) as ReadonlyArray<Component>)(
  "a model whose %s does not fit its config",
  (component) => {
    const name = tensorOf[component]
    const refused = (change: Parameters<typeof changeTensors>[0]) =>
      Effect.andThen(
        Effect.promise(() => changeWeights(component, changeTensors(change))),
        refusal,
      )

    it.effect("is refused with the name of the tensor that is missing", () =>
      Effect.gen(function* () {
        const message = yield* refused((tensors) => tensors.delete(name))
        assert.include(message, `"${name}"`)
        assert.match(message, /missing/)
        assert.include(message, components[component])
      }),
    )

    it.effect("is refused with the name of the tensor that is renamed", () =>
      Effect.gen(function* () {
        const message = yield* refused((tensors) => {
          tensors.set(name.replace("weight", "wait"), tensors.get(name)!)
          tensors.delete(name)
        })
        assert.include(message, `"${name}"`)
      }),
    )

    it.effect("is refused with the name and the shapes of the tensor that has another shape", () =>
      Effect.gen(function* () {
        const message = yield* refused((tensors) => tensors.set(name, Tensor.zeros("rows", [3])))
        assert.include(message, `"${name}"`)
        assert.match(message, /shape \[3\].*asks for \[\d+(, \d+)+\]/)
      }),
    )
  },
)

describe("a model whose weights are a damaged file", () => {
  const damages: ReadonlyArray<[string, (bytes: Uint8Array) => Uint8Array, RegExp]> = [
    ["cut off in the middle", (bytes) => bytes.subarray(0, bytes.length >> 1), /but the file has \d+ bytes of data/],
    ["cut off in the header", (bytes) => bytes.subarray(0, 100), /header/],
    ["empty", () => new Uint8Array(0), /empty|8 bytes/],
    [
      "with a header that claims 100 GB",
      (bytes) => {
        const changed = bytes.slice()
        new DataView(changed.buffer).setBigUint64(0, 100_000_000_000n, true)
        return changed
      },
      /header.*100000000000/,
    ],
    [
      "with a tensor beyond its end",
      changeHeader((header) => {
        header[tensorOf.vae]!.data_offsets = [
          1e12,
          1e12 + header[tensorOf.vae]!.data_offsets[1] - header[tensorOf.vae]!.data_offsets[0],
        ]
      }),
      new RegExp(`"${tensorOf.vae}"`),
    ],
    [
      "with a tensor before its start",
      changeHeader((header) => {
        header[tensorOf.vae]!.data_offsets[0] = -8
      }),
      new RegExp(`"${tensorOf.vae}"`),
    ],
    [
      "with a tensor that overlaps another",
      changeHeader((header) => {
        const [begin, end] = header[tensorOf.vae]!.data_offsets
        header[tensorOf.vae]!.data_offsets = [begin - 4, end - 4]
      }),
      new RegExp(`"${tensorOf.vae}"`),
    ],
    ["that is no safetensors file", () => new TextEncoder().encode("<!doctype html><title>Sign in</title>"), /header/],
  ]
  it.effect.each(damages)("%s is refused", ([, damage, expected]) =>
    Effect.gen(function* () {
      yield* Effect.promise(() => changeWeights("vae", damage))
      const message = yield* refusal
      assert.match(message, expected)
      assert.include(message, join("vae", components.vae))
    }),
  )
})

describe("a model whose config is not known", () => {
  it.effect.each([
    ["transformer", "config.json", "_class_name", "UNet3DModel"],
    ["vae", "config.json", "_class_name", "AutoencoderKLWan"],
    ["text_encoder", "config.json", "model_type", "clip_text_model"],
    ["scheduler", "scheduler_config.json", "_class_name", "EulerAncestralDiscreteScheduler"],
  ] as const)("is refused with the %s's class", ([component, file, field, name]) =>
    Effect.gen(function* () {
      yield* Effect.promise(async () => {
        const path = join(await copyOf(component), file)
        const config = JSON.parse(await readFile(path, "utf8"))
        await writeFile(path, JSON.stringify({ ...config, [field]: name }))
      })
      const message = yield* refusal
      assert.include(message, name)
    }),
  )
})
