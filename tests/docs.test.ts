import { execFile } from "node:child_process"
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { beforeAll, describe, expect, it } from "vitest"
import {
  acceptedFlags,
  brokenLinks,
  codeBlocks,
  listedFlags,
  namedFiles,
  type Page,
  readPages,
  shownCommands,
} from "./docs.ts"
import { workspaces } from "./source-files.ts"

const run = promisify(execFile)
const repository = join(import.meta.dirname, "..")
const pages = readPages()
const pageAt = (path: string): Page => pages.find((page) => page.path === path)!
const shown = pages.flatMap((page) => shownCommands(page).map(({ line, words }) => ({ page: page.path, line, words })))

/** The help of each command, by its words. */
const help = new Map<string, string>()
const commands = ["generate", "estimate", "models", "models pull", "models check", "plugins", "plugins check", "doctor"]
beforeAll(async () => {
  for (const command of commands) {
    const main = join(repository, "apps/cli/src/main.ts")
    help.set(command, (await run(process.execPath, [main, ...command.split(" "), "--help"])).stdout)
  }
})

/** The command that words ask for: the longest name that they begin with, otherwise `generate`. */
const commandOf = (words: ReadonlyArray<string>): string =>
  commands.toSorted((a, b) => b.length - a.length).find((name) => `${words.join(" ")} `.startsWith(`${name} `)) ??
  "generate"

const unknownFlags = (words: ReadonlyArray<string>): ReadonlyArray<string> => {
  const accepted = acceptedFlags(help.get(commandOf(words))!)
  return words.filter((word) => /^-{1,2}[a-z]/.test(word)).filter((word) => !accepted.has(word))
}

describe("the commands that the pages show", () => {
  it.each(shown)("$page: $line", ({ words }) => {
    expect(unknownFlags(words)).toEqual([])
  })

  it("are found in the README and in each guide for the terminal", () => {
    const found = new Set(shown.map(({ page }) => page))
    for (const path of ["README.md", "docs/quick-start.md", "docs/recipes.md"]) expect(found).toContain(path)
  })

  it("would be refused with a flag that their command does not have", () => {
    expect(unknownFlags(["a fox", "--stpes", "3"])).toEqual(["--stpes"])
    expect(unknownFlags(["doctor", "--steps", "3"])).toEqual(["--steps"])
    expect(unknownFlags(["models", "pull", "a/b", "-o", "x"])).toEqual(["-o"])
  })

  it("are read without quotes and comments, one after the other", () => {
    const code = [
      'npm start -- "a fox, a -- cat" --seed 7   # the same -x again',
      'npm test && time npm start --silent -- "a # b" -q | head',
    ].join("\n")
    expect(shownCommands({ path: "a.md", text: `\`\`\`sh\n${code}\n\`\`\`\n` }).map(({ words }) => words)).toEqual([
      ["a fox, a -- cat", "--seed", "7"],
      ["a # b", "-q"],
    ])
  })
})

describe("docs/flags.md", () => {
  const rows = (): ReadonlyArray<string> =>
    [...pageAt("docs/flags.md").text.matchAll(/^\| `(--[a-z-]+)/gm)].map(([, flag]) => flag!)

  it("has one row for each flag of generate, and no other", () => {
    const flags = listedFlags(help.get("generate")!)
    expect(flags.length).toBeGreaterThan(10)
    expect(rows().toSorted()).toEqual(flags.toSorted())
  })

  it("gives each flag the short form that it has", () => {
    const text = help.get("generate")!
    const short = [...text.matchAll(/^ {2}(--[a-z-]+), (-[a-z]) /gm)].filter(([, flag]) => rows().includes(flag!))
    expect(short.length).toBeGreaterThan(0)
    for (const [, flag, letter] of short) {
      expect(pageAt("docs/flags.md").text).toMatch(new RegExp(`^\\| \`${flag}[^|]*\`, \`${letter}\` \\|`, "m"))
    }
  })
})

describe("docs/glossary.md", () => {
  const rows = [...pageAt("docs/glossary.md").text.matchAll(/^\| (?!term|---)(.+?) \| (.+?) \| (.*?) ?\|$/gm)].map(
    ([, term, meaning, code]) => ({ term: term!, meaning: meaning!, names: code!.match(/(?<=`)\w+(?=`)/g) ?? [] }),
  )

  it("has its terms in order, each once and with a meaning", () => {
    const terms = rows.map(({ term }) => term.toLowerCase())
    expect(terms.length).toBeGreaterThan(50)
    expect(terms).toEqual([...new Set(terms)].toSorted())
    for (const { meaning } of rows) expect(meaning).toMatch(/\.$/)
  })

  it.each(rows.filter(({ names }) => names.length > 0))("$term is in the code as $names", ({ names }) => {
    const sources = workspaces.flatMap(({ sources }) => sources)
    const missing = names.filter((name) => !sources.some(({ text }) => new RegExp(`\\b${name}\\b`).test(text)))
    expect(missing).toEqual([])
  })
})

describe("the pages", () => {
  it.each(pages)("$path links to what is there", (page) => {
    expect(brokenLinks(page)).toEqual([])
  })

  it.each(pages)("$path names source files that are there", (page) => {
    const files = new Set(workspaces.flatMap(({ sources }) => sources.map(({ path }) => path.split("/").at(-1)!)))
    const snippets = ["video.ts", "fox.ts"] // what a reader is asked to write
    expect(namedFiles(page).filter((name) => !files.has(name) && !snippets.includes(name))).toEqual([])
  })

  it("are told of a link to a file or a heading that is not there", () => {
    const text = "# A page\n[a](docs/none.md) [b](README.md#none) [c](#a-page) [d](https://a.b/c)"
    expect(brokenLinks({ path: "README.md", text })).toEqual(["docs/none.md", "README.md#none", "#a-page"])
  })
})

/** What the one program of a page prints, and the files that it leaves. */
const runProgram = async (path: string) => {
  const programs = codeBlocks(pageAt(path), "ts")
  expect(programs).toHaveLength(1)
  const folder = await mkdtemp(join(tmpdir(), "auteur-docs-"))
  try {
    await symlink(join(repository, "node_modules"), join(folder, "node_modules"), "junction")
    await writeFile(join(folder, "video.ts"), programs[0]!)
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module" }))
    const { stdout } = await run(process.execPath, ["video.ts"], { cwd: folder })
    return { stdout, files: await readdir(folder) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

it("the program of the quick start makes its videos", async () => {
  const { stdout, files } = await runProgram("docs/quick-start.md")
  expect(stdout).toMatch(/^step 1 of 10\n(.*\n)*step 10 of 10\n9 frames of 64×64, seed \d+\n$/)
  expect(files).toEqual(expect.arrayContaining(["fox.mp4", "bus.webp"]))
})

it("the program of the page on samplers asks four times", async () => {
  expect((await runProgram("docs/samplers.md")).stdout).toBe("4\n")
})
