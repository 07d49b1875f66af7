/** Draws every picture of docs/pictures: `npm run figures`, or `npm run figures -- NAME` for some of them. */
import { writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { contactSheet } from "./contact-sheet.ts"
import { convergence } from "./convergence.ts"
import { samplerSheet } from "./samplers.ts"
import { straightPaths } from "./straight-paths.ts"

const figures = {
  "emoji-world.png": contactSheet,
  "samplers.png": samplerSheet,
  "convergence.svg": Effect.sync(convergence),
  "straight-paths.svg": Effect.sync(straightPaths),
}

const names = process.argv.slice(2)
const stray = names.find((name) => !Object.hasOwn(figures, name))
if (stray === undefined) {
  for (const [name, draw] of Object.entries(figures)) {
    if (names.length > 0 && !names.includes(name)) continue
    const path = fileURLToPath(new URL(`../../docs/pictures/${name}`, import.meta.url))
    writeFileSync(path, await Effect.runPromise<string | Uint8Array, unknown>(draw))
    console.log(path)
  }
} else {
  console.error(`There is no figure "${stray}": the figures are ${Object.keys(figures).join(", ")}.`)
  process.exitCode = 1
}
