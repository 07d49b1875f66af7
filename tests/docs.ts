import { existsSync, readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"

const repository: string = dirname(import.meta.dirname)

/** A page for people; its path starts at the repository. */
export interface Page {
  readonly path: string
  readonly text: string
}

/** A command line of auteur as a page shows it, cut into words without their quotes. */
export interface ShownCommand {
  readonly line: string
  readonly words: ReadonlyArray<string>
}

/** The README, CONTRIBUTING and all pages under `docs/`. */
export const readPages = (): ReadonlyArray<Page> => {
  const docs = readdirSync(join(repository, "docs"), { recursive: true, encoding: "utf8" })
  const paths = ["README.md", "CONTRIBUTING.md", ...docs.map((path) => `docs/${path.replaceAll("\\", "/")}`)]
  return paths
    .filter((path) => path.endsWith(".md"))
    .map((path) => ({ path, text: readFileSync(join(repository, path), "utf8") }))
}

/** The contents of a page's code blocks in a language. */
export const codeBlocks = ({ text }: Page, language: string): ReadonlyArray<string> =>
  [...text.matchAll(/^```(\S*)\n(.*?)^```$/gms)].flatMap(([, found, code]) => (found === language ? [code!] : []))

/** The command lines in a page's `sh` blocks that run auteur. */
export const shownCommands = (page: Page): ReadonlyArray<ShownCommand> =>
  codeBlocks(page, "sh")
    .flatMap((code) => code.split("\n"))
    .flatMap((line) => simpleCommands(line).map((words) => ({ line, words: wordsAfterNpmStart(words) })))
    .flatMap(({ line, words }) => (words === undefined ? [] : [{ line, words }]))

/** The commands of a line with their words. Words end at white space outside of double quotes, and one that begins with # ends the line. */
const simpleCommands = (line: string): ReadonlyArray<ReadonlyArray<string>> => {
  const commands: Array<Array<string>> = [[]]
  for (const [word, quoted] of line.matchAll(/"([^"]*)"|\S+/g)) {
    if (word.startsWith("#")) break
    if (/^(&&|\|\|?|;)$/.test(word)) commands.push([])
    else commands.at(-1)!.push(quoted ?? word)
  }
  return commands
}

const wordsAfterNpmStart = (words: ReadonlyArray<string>): ReadonlyArray<string> | undefined =>
  /^(time )?npm start (--silent )?-- /.test(words.join(" ")) ? words.slice(words.indexOf("--") + 1) : undefined

/** The links of a page to places in the repository, and to headings in them, which are not there. */
export const brokenLinks = ({ path, text }: Page): ReadonlyArray<string> => {
  const prose = text.replaceAll(/^```.*?^```$/gms, "")
  return [...prose.matchAll(/\]\(([^()\s]+)\)/g)].flatMap(([, target]) => {
    if (/^[a-z]+:/.test(target!)) return []
    const [file, heading] = target!.split("#") as [string, string?]
    const found = file === "" ? path : join(dirname(path), file)
    if (!existsSync(join(repository, found))) return [target!]
    if (heading === undefined) return []
    return headings(readFileSync(join(repository, found), "utf8")).includes(heading) ? [] : [target!]
  })
}

// As GitHub names them.
const headings = (text: string): ReadonlyArray<string> =>
  [...text.matchAll(/^#+ (.*)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replaceAll(/[^\p{Letter}\p{Number} -]/gu, "")
      .replaceAll(" ", "-"),
  )

/** The file names with an ending of TypeScript that a page speaks of without a link. */
export const namedFiles = ({ text }: Page): ReadonlyArray<string> =>
  [...text.matchAll(/`([a-z0-9-]+\.ts)`/g)].map(([, name]) => name!)

/** The long flags that a `--help` lists as a command's own. */
export const listedFlags = (help: string): ReadonlyArray<string> => {
  const section = /^FLAGS\n(.*?)\n\n/ms.exec(help)?.[1] ?? ""
  return [...section.matchAll(/^ {2}(--[a-z-]+)/gm)].map(([, flag]) => flag!)
}

/** Every flag, long and short, with which a `--help` begins a line. */
export const acceptedFlags = (help: string): ReadonlySet<string> => {
  const flags = [...help.matchAll(/^ {2}(--[a-z-]+)(?:, (-[a-z]))?/gm)]
  return new Set(flags.flatMap(([, long, short]) => (short === undefined ? [long!] : [long!, short])))
}
