import { execFileSync } from "node:child_process"
import { mkdir, readFile, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { type AnyTensor, encodeSafetensors, Tensor } from "@auteur/core"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { temporaryFolder } from "../../test/checkpoint.ts"
import { host } from "../../test/evaluate.ts"
import { Engine, type Graph, type WeightScope } from "../index.ts"
import { layer, openWeights } from "../node.ts"

type Files = Readonly<Record<string, string | Uint8Array>>

const a = Tensor.from("n", [2], Float32Array.of(1, 2))
const b = Tensor.from("n", [3], Float32Array.of(3, 4, 5))
const fileOf = (tensors: Readonly<Record<string, AnyTensor>>) => encodeSafetensors(tensors)

const folder = Effect.fnUntraced(function* (files: Files) {
  const path = yield* temporaryFolder
  yield* Effect.promise(() =>
    Promise.all(Object.entries(files).map(([name, content]) => writeFile(join(path, name), content))),
  )
  return path
})

describe("finds the tensors of", () => {
  const one = fileOf({ a })
  const other = fileOf({ b })

  it.effect("several files", () =>
    Effect.gen(function* () {
      const path = yield* folder({ "x.safetensors": one, "y.safetensors": other })
      const { source, tensors } = yield* openWeights([join(path, "x.safetensors"), join(path, "y.safetensors")])
      assert.strictEqual(source, path)
      assert.deepStrictEqual([...tensors.keys()], ["a", "b"])
    }),
  )

  it.effect("a file that is named", () =>
    Effect.gen(function* () {
      const path = join(yield* folder({ "x.safetensors": one, "y.safetensors": other }), "y.safetensors")
      const { tensors } = yield* openWeights(path)
      const { dtype, shape, offset, byteLength } = tensors.get("b")!
      assert.deepStrictEqual({ dtype, shape, byteLength }, { dtype: "float32", shape: [3], byteLength: 12 })
      const bytes = yield* Effect.promise(() => readFile(path))
      assert.strictEqual(bytes.readFloatLE(offset + 4), 4)
    }),
  )
})

describe("says in a sentence what is wrong with", () => {
  const refused = (name: string, files: Files, message: (path: string) => string, file = "model.safetensors") =>
    it.effect(name, () =>
      Effect.gen(function* () {
        const path = yield* folder(files)
        const error = yield* Effect.flip(openWeights(join(path, file)))
        assert.strictEqual(error._tag, "ModelError")
        assert.include(error.message, message(path))
      }),
    )
  const whole = fileOf({ a })
  refused(
    "a path that is not there",
    {},
    (path) => `${path}/vae.safetensors does not exist: check the path, or download it.`,
    "vae.safetensors",
  )
  refused(
    "an empty file",
    { "model.safetensors": "" },
    (path) => `The weights file ${path}/model.safetensors is empty: download it again.`,
  )
  refused(
    "a Git LFS pointer",
    { "model.safetensors": "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 4\n" },
    (path) =>
      `${path}/model.safetensors is a Git LFS pointer, not the weights themselves: fetch them with \`git lfs pull\`, or download the file.`,
  )
  refused(
    "a file that was cut off",
    { "model.safetensors": whole.subarray(0, -3) },
    (path) => `The weights in ${path}/model.safetensors are unusable: the tensor "a" lies`,
  )
  refused(
    "a file shorter than its length field",
    { "model.safetensors": "abc" },
    (path) => `The weights in ${path}/model.safetensors are unusable: the safetensors file must`,
  )
  it.effect("a folder under a file's name", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "model.safetensors")
      yield* Effect.promise(() => mkdir(path))
      const error = yield* Effect.flip(openWeights(path))
      assert.strictEqual(error.message, `${path} is a folder, but a .safetensors file is expected: check the path.`)
    }),
  )

  it.effect("a FIFO and a device, which would be waited for", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "model.safetensors")
      execFileSync("mkfifo", [path])
      for (const file of [path, "/dev/zero"]) {
        const { message } = yield* Effect.flip(openWeights([file]))
        assert.strictEqual(
          message,
          `${file} is not a regular file, but a .safetensors file is expected: check the path.`,
        )
      }
    }),
  )

  it.effect("a link to itself", () =>
    Effect.gen(function* () {
      const path = join(yield* temporaryFolder, "model.safetensors")
      yield* Effect.promise(() => symlink(path, path))
      const { message } = yield* Effect.flip(openWeights([path]))
      assert.strictEqual(message, `${path} is a link that leads back to itself: replace it by the file.`)
    }),
  )

  it.effect("a tensor in two of the files", () =>
    Effect.gen(function* () {
      const path = yield* folder({ "one.safetensors": whole, "two.safetensors": fileOf({ a, b }) })
      const files = [join(path, "one.safetensors"), join(path, "two.safetensors")]
      const { message } = yield* Effect.flip(openWeights(files))
      assert.strictEqual(
        message,
        `The tensor "a" is in ${files[0]} and in ${files[1]}, but each may be in one file only: download the model again.`,
      )
    }),
  )

  it.effect("a link to nothing", () =>
    Effect.gen(function* () {
      const path = yield* temporaryFolder
      yield* Effect.promise(() => symlink(join(path, "gone"), join(path, "model.safetensors")))
      const error = yield* Effect.flip(openWeights(join(path, "model.safetensors")))
      assert.strictEqual(error.message, `${path}/model.safetensors does not exist: check the path, or download it.`)
    }),
  )
})

it.effect("runs on weights behind links out of their folder, as the Hugging Face cache has them", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    yield* Effect.promise(async () => {
      await mkdir(join(path, "blobs"))
      await mkdir(join(path, "snapshots", "main", "vae"), { recursive: true })
      await writeFile(join(path, "blobs", "0a1b"), fileOf({ a }))
      await symlink("../../../blobs/0a1b", join(path, "snapshots", "main", "vae", "model.safetensors"))
    })
    const model = yield* (yield* Engine).open(
      yield* openWeights(join(path, "snapshots", "main", "vae", "model.safetensors")),
    )
    const program = {
      key: "add",
      build: (graph: Graph, weights: WeightScope) =>
        graph.output("y", graph.input("x", [2]).add(weights.tensor("a", [2]))),
    }
    const { y } = yield* model.run(program, { x: host([2], Float32Array.of(10, 20)) })
    assert.deepStrictEqual([...y!.data], [11, 22])
  }).pipe(Effect.provide(layer())),
)

it.effect("runs on shards that lie in different folders", () =>
  Effect.gen(function* () {
    const path = yield* temporaryFolder
    yield* Effect.promise(async () => {
      for (const [name, tensors] of Object.entries({ one: { a }, two: { b } })) {
        await mkdir(join(path, name))
        await writeFile(join(path, name, "data"), fileOf(tensors))
        await symlink(join(path, name, "data"), join(path, `${name}.safetensors`))
      }
    })
    const files = ["one", "two"].map((name) => join(path, `${name}.safetensors`))
    const model = yield* (yield* Engine).open(yield* openWeights(files))
    const program = {
      key: "join",
      build: (graph: Graph, weights: WeightScope) => {
        graph.output("a", graph.input("x", []).add(weights.tensor("a", [2])))
        graph.output("b", weights.tensor("b", [3]).multiply(1))
      },
    }
    const result = yield* model.run(program, { x: host([], Float32Array.of(10)) })
    assert.deepStrictEqual([...result["a"]!.data, ...result["b"]!.data], [11, 12, 3, 4, 5])
  }).pipe(Effect.provide(layer())),
)

it.effect("a file that vanished after it was found makes a clear error of the run", () =>
  Effect.gen(function* () {
    const path = yield* folder({ "model.safetensors": fileOf({ a }) })
    const weights = yield* openWeights(join(path, "model.safetensors"))
    yield* Effect.promise(() => rm(join(path, "model.safetensors")))
    const model = yield* (yield* Engine).open(weights)
    const error = yield* Effect.flip(
      model.run({ key: "copy", build: (graph, scope) => graph.output("y", scope.tensor("a", [2]).multiply(1)) }, {}),
    )
    assert.strictEqual(error._tag, "EngineError")
    assert.strictEqual(
      error.message,
      `The engine could not run "copy": its weights file ${path}/model.safetensors is gone; download the model again.`,
    )
  }).pipe(Effect.provide(layer())),
)
