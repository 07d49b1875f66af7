import { mkdir, rm, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { assert, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { temporaryFolder } from "../../test/temporary-cache.ts"
import { modelIndex, neededFiles } from "../../test/tiny-repository.ts"
import { writeCachedModel, writeModel } from "../../test/write-model.ts"
import { listModels } from "./list-models.ts"
import { resolveModel } from "./resolve-model.ts"

const [a, b, c] = ["a".repeat(40), "b".repeat(40), "c".repeat(40)]
const size = [...neededFiles().values()].reduce((sum, { length }) => sum + length, 0)

it.effect("lists bundled, fetched and given models with kind, version, size and what is wrong", () =>
  Effect.gen(function* () {
    const cache = yield* temporaryFolder
    const folder = join(yield* temporaryFolder, "mine")
    const env = { HF_HUB_CACHE: cache }
    const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value))
    yield* Effect.promise(async () => {
      await writeCachedModel(cache, "someone/tiny-video", a!, "main")
      await writeCachedModel(cache, "someone/tiny-video", b!, "v1")
      await rm(join(await writeCachedModel(cache, "someone/begun", c!, c!), "vae"), { recursive: true })
      const other = join(cache, "models--google--bert", "snapshots", a!)
      await mkdir(other, { recursive: true })
      await writeFile(join(other, "config.json"), "{}")
      await writeFile(join(cache, "version.txt"), "1")
      const files = neededFiles()
      files.set("model_index.json", json({ ...modelIndex, _class_name: "CogVideoXImageToVideoPipeline" }))
      files.set("transformer/config.json", json({ _class_name: "CogVideoXTransformer3DModel", patch_size_t: 2 }))
      await writeModel(folder, files)
    })
    const listed = yield* listModels({ env, folders: [folder, join(folder, "nowhere")] })
    assert.deepStrictEqual(
      listed.map(({ name, source, kind, version }) => [name, source, kind, version]),
      [
        ["emoji-world", "bundled", "text-to-video", "1.0"],
        [`someone/begun@${c}`, "cache", "text-to-video", "1.0"],
        ["someone/tiny-video", "cache", "text-to-video", "1.0"],
        ["someone/tiny-video@v1", "cache", "text-to-video", "1.0"],
        [folder, "folder", "image-to-video", "1.5"],
        [join(folder, "nowhere"), "folder", "unknown", undefined],
      ],
    )
    const [bundled, begun, main, , own, missing] = listed
    assert.isEmpty([...bundled!.problems, ...main!.problems, ...own!.problems])
    assert.strictEqual(main!.size, size)
    assert.isBelow(begun!.size, size)
    assert.match(begun!.problems.join("\n"), /vae.config\.json is missing/)
    assert.match(missing!.problems.join("\n"), /There is no model folder/)
    for (const { name, path } of [bundled!, main!, listed[3]!, own!]) {
      assert.strictEqual(yield* resolveModel(name, { env }), path)
    }
  }),
)

it.effect("lists the bundled models when there is no cache", () =>
  Effect.gen(function* () {
    const listed = yield* listModels({ env: { HF_HUB_CACHE: join(yield* temporaryFolder, "none") } })
    assert.deepStrictEqual(
      listed.map(({ source }) => source),
      ["bundled"],
    )
  }),
)
