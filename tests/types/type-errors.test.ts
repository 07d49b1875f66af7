import { spawnSync } from "node:child_process"
import { readdirSync } from "node:fs"
import { join } from "node:path"
import { createRequire } from "node:module"
import { beforeAll, describe, expect, it } from "vitest"

const fixtures = join(import.meta.dirname, "fixtures")
const compiler = join(createRequire(import.meta.url).resolve("typescript/package.json"), "../bin/tsc")

/** What the compiler says of each file, by its name. */
const messages = new Map<string, string>()
beforeAll(() => {
  const { stdout } = spawnSync(process.execPath, [compiler, "--project", fixtures, "--pretty", "false"], {
    cwd: fixtures,
    encoding: "utf8",
  })
  for (const line of stdout.split(/\n(?=\S)/)) {
    const [, file, text] = /^([\w-]+\.ts)\(\d+,\d+\): (.*)/s.exec(line) ?? []
    if (file !== undefined) messages.set(file, `${messages.get(file) ?? ""}${text}\n`)
  }
})

describe("a composition that cannot run does not compile, and the message names what is wrong", () => {
  it.each<[string, ReadonlyArray<RegExp>]>([
    ["missing-denoiser.ts", [/Type 'Denoiser' is not assignable to type 'never'/]],
    ["missing-editor.ts", [/Type 'Editor' is not assignable to type 'never'/]],
    ["missing-inversion.ts", [/Type 'Inversion' is not assignable to type 'never'/]],
    ["wrong-latent-space.ts", [/Type 'LatentSpace<"cogvideox">' is not assignable to type 'never'/]],
    ["wrong-axes.ts", [/"batch channels frames height width"/, /"batch frames channels height width"/]],
    ["missing-axis.ts", [/"depth"/, /"frames"/]],
    ["unknown-version.ts", [/"v2"/, /"v1"/]],
    ["missing-options.ts", [/Expected 1 arguments, but got 0/]],
  ])("%s", (file, words) => {
    for (const word of words) expect(messages.get(file)).toMatch(word)
  })

  it("and nothing is said of one that is whole", () => {
    expect(messages.get("whole.ts")).toBeUndefined()
    expect(messages.get("parts.ts")).toBeUndefined()
  })

  it("for each file that is there", () => {
    const files = readdirSync(fixtures).filter((name) => name.endsWith(".ts") && !/^(whole|parts)/.test(name))
    expect([...messages.keys()].toSorted()).toEqual(files.toSorted())
  })
})
