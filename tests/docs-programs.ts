import { codeBlocks, type Page } from "./docs.ts"

/** A block of TypeScript that a page shows, as a file. */
export interface Program {
  readonly name: string
  readonly text: string
  /** What the page says that it prints: the comments behind its `console.log`. */
  readonly prints: ReadonlyArray<string>
}

/** The TypeScript of a page as files: a block that begins with a comment of a file's name has that name. */
export const programsOf = (page: Page): ReadonlyArray<Program> =>
  codeBlocks(page, "ts").map((text, i) => ({
    name: /^\/\/ ([\w.-]+\.ts)\n/.exec(text)?.[1] ?? `program-${i + 1}.ts`,
    text,
    prints: [...text.matchAll(/^ *console\.log\(.*\) \/\/ (.*)$/gm)].map(([, shown]) => shown!),
  }))
