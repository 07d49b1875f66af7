import { mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { PluginError } from "@auteur/core"
import * as Effect from "effect/Effect"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import type { LoadedConfig } from "./config.ts"
import { loadConfig } from "./load-config.ts"

const repository = join(import.meta.dirname, "../../../..")
let folder = ""
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-config-"))
  for (const name of ["effect", "@auteur", "auteur"]) {
    await mkdir(join(folder, "node_modules"), { recursive: true })
    await symlink(join(repository, "node_modules", name), join(folder, "node_modules", name), "junction")
  }
})
afterEach(() => rm(folder, { recursive: true }))

const write = async (files: Readonly<Record<string, string | object>>): Promise<void> => {
  for (const [name, contents] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), typeof contents === "string" ? contents : JSON.stringify(contents))
  }
}
const load = (file?: string): Promise<LoadedConfig | undefined> => Effect.runPromise(loadConfig({ folder, file }))
const refusal = async (file?: string): Promise<string> => {
  const error = await Effect.runPromise(Effect.flip(loadConfig({ folder, file })))
  expect(error).toBeInstanceOf(PluginError)
  return error.message.replaceAll(folder, ".")
}
const names = async () => (await load())!.plugins.map(({ name }) => name)

/** A plugin's source, called by the expression `name`. */
const plugin = (name: string) => `{ name: ${name}, apiVersion: "v1", layer: Layer.empty }`
const source = (text: string) => `import * as Layer from "effect/Layer"\n${text}\n`
const packageOf = (name: string, text: string, exports: unknown = "./index.js") => ({
  [`node_modules/${name}/package.json`]: { name, type: "module", exports },
  [`node_modules/${name}/index.js`]: source(text),
})

describe("a config", () => {
  it("is nothing where there is no file", async () => {
    expect(await load()).toBeUndefined()
  })

  it("is TypeScript, with plugins as values, presets, and what a condition left out", async () => {
    await write({
      "auteur.config.ts": source(`import { defineConfig } from "auteur"
        const of = (name: string) => (${plugin("name")}) as const
        export default defineConfig({
          model: "./models/mine", sampler: "dpm",
          plugins: [of("a"), [of("b"), [of("c")]], false, null, undefined],
        })`),
    })
    const config = await load()
    expect(config).toMatchObject({
      path: join(folder, "auteur.config.ts"),
      model: join(folder, "models/mine"),
      sampler: "dpm",
    })
    expect(config!.plugins.map(({ name, from }) => [name, from])).toEqual(
      ["a", "b", "c"].map((name) => [name, join(folder, "auteur.config.ts")]),
    )
  })

  it.each(["mts", "js", "mjs"])("may end in .%s", async (ending) => {
    await write({
      "package.json": { type: "module" },
      [`auteur.config.${ending}`]: source(`export default { plugins: [${plugin('"a"')}] }`),
    })
    expect(await names()).toEqual(["a"])
  })

  it("names packages and files, with options, in JSON too", async () => {
    await write({
      "auteur.config.json": {
        plugins: [
          "auteur-plugin-value",
          ["auteur-plugin-made", { suffix: "x" }],
          "./near.ts",
          ["@some/preset", { count: 2 }],
        ],
      },
      ...packageOf("auteur-plugin-value", `export default ${plugin('"value"')}`),
      ...packageOf(
        "auteur-plugin-made",
        `export const plugin = ({ suffix = "none" }) => (${plugin('"made-" + suffix')})`,
        { import: "./index.js" },
      ),
      "near.ts": source(
        `export default async (options: object) => (${plugin('"near-" + Object.keys(options).length')})`,
      ),
      ...packageOf(
        "@some/preset",
        `export default ({ count }) => Array.from({ length: count }, (_, i) => (${plugin('"preset-" + i')}))`,
        { ".": { types: "./index.d.ts", node: { import: "./index.js" } } },
      ),
    })
    expect(await names()).toEqual(["value", "made-x", "near-0", "preset-0", "preset-1"])
    const { plugins } = (await load())!
    expect(plugins[2]!.from).toBe(join(folder, "near.ts"))
    expect(plugins.map(({ entry }) => entry)).toEqual([
      "auteur-plugin-value",
      "auteur-plugin-made",
      "./near.ts",
      "@some/preset",
      "@some/preset",
    ])
  })

  it("may lie elsewhere, and its plugins are looked for from there", async () => {
    await write({
      "studio/film.json": { model: "emoji-world", plugins: ["./near.mjs"] },
      "studio/near.mjs": `export default { name: "near", apiVersion: "v1", layer: (await import("effect/Layer")).empty }`,
    })
    const config = await load("studio/film.json")
    expect(config!.model).toBe("emoji-world")
    expect(config!.plugins.map(({ name }) => name)).toEqual(["near"])
  })
})

describe("a config that cannot be used is refused", () => {
  const config = (text: string) => ({ "auteur.config.ts": text })
  const json = (value: unknown) => ({ "auteur.config.json": value as object })

  it.each<[string, Readonly<Record<string, string | object>>, string | RegExp]>([
    [
      "a file that is not JSON",
      { "auteur.config.json": "{ plugins }" },
      /^The config \.\/auteur\.config\.json is not JSON: /,
    ],
    [
      "an error of its own",
      config("\nconst a = undefined as any\na.b()\nexport default {}"),
      /^The config \.\/auteur\.config\.ts threw an error while it was loaded \(\.\/auteur\.config\.ts, line 3\): Cannot read/,
    ],
    [
      "a package that it imports",
      config('import "auteur-plugin-none"'),
      'The config ./auteur.config.ts imports the package "auteur-plugin-none", which is not installed: run `npm install auteur-plugin-none` in ..',
    ],
    [
      "no default export",
      config("export const plugins = []"),
      "The config ./auteur.config.ts exports nothing: write `export default defineConfig({ … })`.",
    ],
    ["a list", json([]), "The config ./auteur.config.json is not an object: write { model, sampler, plugins }"],
    [
      "a misspelt key",
      json({ plugin: [] }),
      'The config ./auteur.config.json has the unknown key "plugin": did you mean "plugins"?',
    ],
    ["an unknown key", json({ timeout: 1 }), 'has the unknown key "timeout": choose one of model, sampler, plugins.'],
    ["a misspelt sampler", json({ sampler: "unipcc" }), 'has the unknown sampler "unipcc": did you mean "unipc"?'],
    ["an unknown sampler", json({ sampler: "magic" }), 'has the unknown sampler "magic": choose one of ddim,'],
    ["a model that is not a string", json({ model: 7 }), 'has a "model" that is not a string'],
    ["plugins that are not a list", json({ plugins: "a" }), 'has "plugins" that are not a list'],
    [
      "a package that is not there",
      json({ plugins: ["auteur-plugin-none"] }),
      './auteur.config.json names the plugin "auteur-plugin-none", which is not installed: run `npm install auteur-plugin-none` in ..',
    ],
    [
      "a path that its package does not export",
      { ...json({ plugins: ["p/other"] }), ...packageOf("p", "export const plugin = 1") },
      './auteur.config.json names the plugin "p/other", which its package does not export:',
    ],
    [
      "a file that is not there",
      json({ plugins: ["./none.ts"] }),
      './auteur.config.json names the plugin "./none.ts", but there is no file ./none.ts: check the path.',
    ],
    [
      "a file named like a package",
      { ...json({ plugins: ["near.ts"] }), "near.ts": "" },
      'or write "./near.ts" if the file beside it is meant',
    ],
    [
      "a package that exports nothing",
      { ...json({ plugins: ["p"] }), ...packageOf("p", "export const other = 1") },
      'The plugin "p" (./node_modules/p/index.js) has no default export and none called "plugin"',
    ],
    [
      "a package that cannot be loaded",
      { ...json({ plugins: ["p"] }), ...packageOf("p", 'throw new Error("no licence")') },
      /^The plugin "p" threw an error while it was loaded \(.*index\.js, line 2\): no licence$/,
    ],
    [
      "a function that throws",
      {
        ...json({ plugins: [["p", { amount: 2 }]] }),
        ...packageOf("p", 'export default () => { throw new Error("boom") }'),
      },
      'The plugin "p" cannot be made with the options {"amount":2}: boom',
    ],
    [
      "a function that makes nothing",
      { ...json({ plugins: ["p"] }), ...packageOf("p", "export default () => undefined") },
      'The plugin "p" made nothing',
    ],
    [
      "options for a value",
      { ...json({ plugins: [["p", { amount: 2 }]] }), ...packageOf("p", `export default ${plugin('"p"')}`) },
      'The plugin "p" takes no options, but ./auteur.config.json gives it {"amount":2}: write its name alone.',
    ],
    [
      "a plugin for another version",
      {
        ...json({ plugins: ["p"] }),
        ...packageOf("p", 'export default { name: "p", apiVersion: "v9", layer: Layer.empty }'),
      },
      'The plugin "p" was written for the plugin interface "v9", and this version of auteur knows v1',
    ],
    [
      "a value that is not a plugin",
      { ...json({ plugins: ["p"] }), ...packageOf("p", "export default { step: () => 1 }") },
      "A plugin of ./node_modules/p/index.js has the name nothing",
    ],
  ])("for %s", async (_, files, message) => {
    await write(files)
    expect(await refusal()).toMatch(message)
  })

  it("for two in one folder, and for one that is not there", async () => {
    await write({ "auteur.config.json": {}, "auteur.config.ts": "" })
    expect(await refusal()).toBe("auteur.config.ts and auteur.config.json are both there: keep one of them.")
    expect(await refusal("none.ts")).toBe("There is no config at ./none.ts: check the path given with --config.")
  })
})
