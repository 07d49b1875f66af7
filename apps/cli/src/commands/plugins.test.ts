import { mkdir, rm, symlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterEach, beforeAll, describe, expect, it } from "vitest"
import { auteur, expectClearErrors, temporaryFolder } from "../../test/run-auteur.ts"

const folder = temporaryFolder()
const run = (...args: ReadonlyArray<string>) => auteur(args, { cwd: folder.path() })
const small = ["a fox", "--steps", "1", "--frames", "1", "--seed", "1"]

const packages = fileURLToPath(new URL("../../../../node_modules", import.meta.url))
beforeAll(async () => {
  // What a folder has in which auteur and two plugins are installed.
  await mkdir(folder.file("node_modules/auteur-plugin-steep"), { recursive: true })
  for (const name of ["auteur", "@auteur", "effect"]) {
    await symlink(join(packages, name), folder.file(`node_modules/${name}`), "junction")
  }
  await writeFile(
    folder.file("node_modules/auteur-plugin-steep/package.json"),
    JSON.stringify({ name: "auteur-plugin-steep", type: "module", exports: "./index.js" }),
  )
  await writeFile(
    folder.file("node_modules/auteur-plugin-steep/index.js"),
    `import { definePlugin, Sampler } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"

// The model's own sampler, with fewer steps where they matter less.
const steep = (factor) => Sampler.useSync((sampler) => ({
  ...sampler,
  name: "steep",
  step: (...input) => {
    if (factor > 9) for (;;);
    if (factor > 8) throw new Error("too steep")
    return sampler.step(...input)
  },
}))
export default definePlugin(({ factor = 1 }) => ({
  name: "auteur-plugin-steep",
  apiVersion: "v1",
  layer: Layer.effect(Sampler, steep(factor)),
}))
`,
  )
})
afterEach(async () => {
  for (const ending of ["ts", "mjs", "json"]) await rm(folder.file(`auteur.config.${ending}`), { force: true })
})
const config = (contents: object) => writeFile(folder.file("auteur.config.json"), JSON.stringify(contents))

describe("auteur plugins", () => {
  it("says that none are loaded, and what is built in", async () => {
    const { code, output } = await run("plugins")
    expect(output).toMatch(/^No auteur\.config\.ts is here, so no plugins are loaded\.\n\nbuilt in\nsampler +ddim, /)
    expect(code).toBe(0)
  })

  it("lists what is loaded, what it provides and from where, and what is replaced", async () => {
    await config({ plugins: ["auteur-plugin-steep", ["auteur-plugin-steep", { factor: 2 }]] })
    const { output } = await run("plugins")
    expect(output).toMatch(/^plugin +version +provides +from\n/)
    expect(output).toMatch(
      /\nauteur-plugin-steep +v1 +sampler "steep", replaced by auteur-plugin-steep +\S+index\.js\nauteur-plugin-steep +v1 +sampler "steep" +\S+index\.js\n/,
    )
    const { plugins, builtIn } = JSON.parse((await run("plugins", "--json")).output) as {
      plugins: ReadonlyArray<unknown>
      builtIn: Readonly<Record<string, ReadonlyArray<string>>>
    }
    expect(plugins[1]).toMatchObject({
      name: "auteur-plugin-steep",
      apiVersion: "v1",
      provides: [{ kind: "sampler", name: "steep" }],
    })
    expect(builtIn["sampler"]).toContain("ddim")
  })
})

describe("auteur plugins check", () => {
  it("finds no fault with a sound plugin", async () => {
    await config({ plugins: ["auteur-plugin-steep"] })
    const { code, output } = await run("plugins", "check")
    expect(output).toContain("✓ auteur-plugin-steep, sampler: continues from a checkpoint bit for bit\n")
    expect(output).not.toContain("✗")
    expect(code).toBe(0)
  })

  it("says which laws are broken, and how", async () => {
    await config({ plugins: [["auteur-plugin-steep", { factor: 9 }]] })
    const { code, output, errors } = await run("plugins", "check", "auteur-plugin-steep")
    expect(output).toContain(
      "✗ auteur-plugin-steep, sampler: ends at the clean latents when the network knows them\n  too steep\n",
    )
    expect(errors).toMatch(/\d laws are broken\./)
    expect(code).toBe(1)
  })

  it("says which are loaded where there is none of a name", async () => {
    await config({ plugins: ["auteur-plugin-steep"] })
    expect((await run("plugins", "check", "steep")).errors).toBe(
      'There is no plugin "steep": choose one of auteur-plugin-steep.\n',
    )
  })
})

describe("a video with a plugin", () => {
  it("is made with it, keeps its name, and is repeated with it alone", async () => {
    await writeFile(
      folder.file("auteur.config.ts"),
      'import { defineConfig } from "auteur"\nexport default defineConfig({ plugins: ["auteur-plugin-steep" as const] })\n',
    )
    expect(await run(...small, "-q", "-o", "a.png")).toMatchObject({ code: 0, errors: "" })
    expect((await run("--like", "a.png", "-q", "-o", "b.png")).code).toBe(0)
    expect((await run("estimate", "--like", "a.png")).output).toContain("in 1 steps")

    await rm(folder.file("auteur.config.ts"))
    const { code, errors } = await run("--like", "a.png", "-o", "c.png")
    expect(errors).toBe(
      'a.png was made with the plugin "auteur-plugin-steep", which is not loaded: name it in the "plugins" of auteur.config.ts, or of the file given with --config.\n',
    )
    expect(code).toBe(1)
  })

  it("is made with its sampler by the sampler's name, and not by a name that nobody has", async () => {
    await config({ plugins: ["auteur-plugin-steep"] })
    expect((await run(...small, "--sampler", "steep", "-q", "-o", "s.png")).code).toBe(0)
    const { code, errors } = await run(...small, "--sampler", "step", "-o", "s.png")
    expect(errors).toMatch(/^There is no sampler "step"; choose one of ddim, .*, or of the plugins steep\.\n/)
    expect(code).toBe(2)
  })

  it("is made without its sampler where another one is named, and says so", async () => {
    await config({ plugins: ["auteur-plugin-steep"] })
    const { code, errors } = await run(...small, "--sampler", "dpm", "-o", "d.png")
    expect(errors).toMatch(
      /^The sampler "dpm" is used as requested, in place of "steep" of the plugin "auteur-plugin-steep"\.\n/,
    )
    expect(code).toBe(0)
    expect((await run("--like", "d.png", "-q", "-o", "e.png")).code).toBe(0)
  })

  it("says when it repeats a video that was made without it", async () => {
    expect((await run(...small, "-q", "-o", "plain.png")).code).toBe(0)
    await config({ plugins: ["auteur-plugin-steep"] })
    expect((await run("--like", "plain.png", "-o", "like.png")).errors).toMatch(
      /^plain\.png was made without auteur-plugin-steep, so that this video may come out otherwise\.\n/,
    )
  })

  it("ends with a sentence that names the plugin that throws", async () => {
    await config({ plugins: [["auteur-plugin-steep", { factor: 9 }]] })
    const { code, errors } = await run(...small, "-q")
    expect(errors).toBe('The sampler "steep" of the plugin "auteur-plugin-steep" at step 1 of 1 failed: too steep\n')
    expect(code).toBe(1)
  })
})

describe("a config that cannot be used", () => {
  it("is what doctor finds wrong", async () => {
    await writeFile(folder.file("auteur.config.json"), '{"plugins": ["none-such"]}')
    const { code, output } = await run("doctor")
    expect(output).toMatch(/^✗ config .*\n {2}.*names the plugin "none-such", which is not installed/m)
    expect(code).toBe(1)
  })

  it.each([
    ["ts", "export default defineConfig({ plugins: [ })", /auteur\.config\.ts cannot be read \(.*, line 1\): /],
    ["ts", "export enum A { x }", /auteur\.config\.ts cannot be read \(.*, line 1\): .*enum/],
    ["mjs", "export default { plugins: [ }", /auteur\.config\.mjs cannot be read.*: Unexpected token/],
    ["ts", "\n\nnone()", /auteur\.config\.ts threw an error while it was loaded \(.*, line 3\): none is not defined/],
    [
      "ts",
      'import "none-such"',
      /imports the package "none-such", which is not installed: run `npm install none-such`/,
    ],
    ["json", '{"plugins": ["none-such"]}', /names the plugin "none-such", which is not installed/],
  ])("ends a command with a sentence: .%s, %s", async (ending, text, message) => {
    await writeFile(folder.file(`auteur.config.${ending}`), text)
    const { code, errors } = await run(...small)
    expect(errors).toMatch(message)
    expect(code).toBe(1)
    expectClearErrors(errors)
  })
})
