import { existsSync } from "node:fs"
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { openModel } from "auteur"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { codeBlocks } from "../docs.ts"
import { bun, deno, node } from "../runtimes/installed.ts"
import { runProgram } from "../runtimes/run.ts"
import { copyInstalled } from "./copy-installed.ts"
import { importedPackages, type Packed, packAll, publintProblems, runIn, typeProblems } from "./packed.ts"

const repository = join(import.meta.dirname, "../..")
const outsider = join(import.meta.dirname, "auteur-sampler-straight")

let folder = ""
let packages: ReadonlyArray<Packed> = []
const app = () => join(folder, "app")
const ours = () => packages.filter(({ folder }) => folder !== outsider)

/** The folder of somebody who installs everything from npm, made without one: npm unpacks our tarballs beside what it finds there. */
const install = async (): Promise<void> => {
  await mkdir(app())
  const dependencies = Object.fromEntries(packages.map(({ name, tarball }) => [name, `file:${tarball}`]))
  const manifest = { private: true, type: "module", allowScripts: { "onnxruntime-node": false } }
  await writeFile(join(app(), "package.json"), JSON.stringify({ ...manifest, dependencies }))
  copyInstalled(
    packages.map(({ manifest }) => manifest),
    app(),
  )
  await runIn(app(), "npm", ["install", "--no-audit", "--no-fund"])
}

/** The programs of the packages' READMEs, by the name of the package, as files of the app. */
const programs = new Map<string, string>()
const writePrograms = async (): Promise<void> => {
  for (const { name, folder } of packages) {
    const text = await readFile(join(folder, "README.md"), "utf8")
    for (const code of codeBlocks({ path: name, text }, "ts")) {
      const file = `${name.replace("@auteur/", "")}.ts`
      await writeFile(join(app(), file), code)
      programs.set(name, file)
    }
  }
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-packages-"))
  packages = await packAll(folder, [outsider])
  await install()
  await writePrograms()
})
afterAll(() => rm(folder, { recursive: true, force: true }))

describe("each published package", () => {
  it("is in order for publint", async () => {
    const problems = await Promise.all(ours().map(async (one) => [one.name, await publintProblems(one)] as const))
    expect(Object.fromEntries(problems)).toEqual(Object.fromEntries(ours().map(({ name }) => [name, []])))
  })

  it("gives types to whoever imports it", async () => {
    const libraries = ours().filter(({ name }) => name !== "@auteur/cli")
    const problems = await Promise.all(libraries.map(async (one) => [one.name, await typeProblems(one)] as const))
    expect(Object.fromEntries(problems)).toEqual(Object.fromEntries(libraries.map(({ name }) => [name, []])))
  })

  it.each(["LICENSE", "README.md"])("has its %s", (file) => {
    for (const { name } of ours()) expect(existsSync(join(app(), "node_modules", name, file))).toBe(true)
  })

  it("is published from its dist folder alone: that of its sources is private", async () => {
    for (const { folder, manifest } of ours()) {
      const text = await readFile(join(folder, "..", "package.json"), "utf8")
      expect(JSON.parse(text)).toMatchObject({ name: manifest.name, private: true })
      expect(manifest).not.toHaveProperty("private")
    }
  })

  it("names the exact versions of its siblings", () => {
    const ranges = ours().flatMap(({ manifest }) => Object.entries(manifest.dependencies ?? {}))
    const siblings = ranges.filter(([name]) => ours().some((one) => one.name === name))
    expect(siblings.length).toBeGreaterThan(10)
    for (const [, range] of siblings) expect(range).toMatch(/^\d+\.\d+\.\d+$/)
  })

  it("declares what its scripts and types import, and nothing else", () => {
    const declared = ours().map(({ name, manifest: { dependencies, peerDependencies } }) => [
      name,
      // The one that is optional is imported by a name that no bundler sees.
      Object.keys({ ...dependencies, ...peerDependencies })
        .filter((name) => name !== "@mediabunny/server")
        .toSorted(),
    ])
    const imported = ours().map(({ name, folder }) => [name, importedPackages(folder)])
    expect(Object.fromEntries(imported)).toEqual(Object.fromEntries(declared))
  })

  it("takes effect from whoever uses it, except for the command line", () => {
    const peers = ours().map(({ name, manifest }) => [name, manifest.peerDependencies?.["effect"]])
    expect(peers.filter(([, range]) => range !== "^4.1.0")).toEqual([["@auteur/cli", undefined]])
  })
})

describe("in a folder where they are installed", () => {
  const run = (name: string) => runIn(app(), "node", [programs.get(name)!])

  it("the programs of the READMEs have the types that they use", async () => {
    const options = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noEmit: true,
      module: "nodenext",
      target: "es2024",
      lib: ["es2024", "esnext.disposable", "esnext.float16", "dom"],
      types: [],
    }
    await writeFile(join(app(), "tsconfig.json"), JSON.stringify({ compilerOptions: options, include: ["*.ts"] }))
    await writeFile(join(app(), "wrong.ts"), 'import { openModel } from "auteur"\nopenModel("a", { smapler: "b" })\n')
    const compiler = join(repository, "node_modules/typescript/bin/tsc")
    const { output } = await runProgram(process.execPath, [compiler, "-p", "."], { cwd: app() })
    expect(output.match(/^\S+\.ts\(.*$/gm)).toEqual([expect.stringMatching(/^wrong\.ts\(2,18\): error .*smapler/)])
  })

  it("the program of docs/runtimes.md makes the bytes of the repository on each runtime, by the commands there", async () => {
    const page = { path: "docs/runtimes.md", text: await readFile(join(repository, "docs/runtimes.md"), "utf8") }
    const commands = codeBlocks(page, "sh").flatMap((block) =>
      block
        .split("\n")
        .filter((line) => line.endsWith(" video.ts"))
        .map((line) => line.split(" ")),
    )
    expect(commands.map(([program]) => program)).toEqual(["node", "bun", "deno"])
    await writeFile(join(app(), "video.ts"), codeBlocks(page, "ts")[0]!)

    await using model = await openModel("emoji-world")
    const fox = await model.generate("a fox runs to the right in a meadow", { seed: 7, steps: 2, frames: 9 })
    await fox.save(join(folder, "reference.mp4"))
    const reference = await readFile(join(folder, "reference.mp4"))

    const programs = { node: node.program, bun: bun.program, deno: deno.program }
    for (const [program, ...words] of commands) {
      const ended = await runProgram(programs[program as keyof typeof programs], words, { cwd: app() })
      expect(ended).toEqual({ code: 0, signal: null, output: "", errors: "" })
      expect(reference.equals(await readFile(join(app(), "fox.mp4")))).toBe(true)
      await rm(join(app(), "fox.mp4"))
    }
  })

  it.each([
    ["auteur", ""],
    ["@auteur/core", "[ 1, 16, 5, 8, 8 ]\n"],
    ["@auteur/samplers", "[ 999, 749, 499, 249 ]\n"],
    ["@auteur/engine", expect.stringContaining("'cpu'")],
    ["@auteur/media", expect.stringMatching(/^video\/mp4 \d+\n$/)],
    ["@auteur/hub", expect.stringContaining("emoji-world\n")],
    ["auteur-sampler-straight", "text-end step-start step-end step-start step-end decode-progress video-end\n"],
  ])("the program of %s runs", async (name, stdout) => {
    expect(await run(name)).toEqual({ stdout, stderr: "" })
  })

  it("the command line is there", async () => {
    const { stdout } = await runIn(app(), "npx", ["auteur", "a fox", "--steps", "2", "--frames", "1", "--seed", "4"])
    expect(stdout).toBe("a-fox.mp4  (seed 4)\n")
    expect(existsSync(join(app(), "a-fox.mp4"))).toBe(true)
  })
})
