import { readdirSync, readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import { expect, it } from "vitest"
// @ts-expect-error The scripts are plain JavaScript, which runs before anything is installed.
import { bundle } from "../../../scripts/bundle.mjs"

it("what npm start runs holds our own packages and Effect, and loads neither again from their sources", async () => {
  const folder = dirname(await (bundle as () => Promise<string>)())
  const chunks = readdirSync(folder).filter((name) => name.endsWith(".js"))
  const imported = chunks.flatMap((name) =>
    [...readFileSync(join(folder, name), "utf8").matchAll(/^import .*?["']([^"'\n]+)["'];?$/gm)].map(([, id]) => id!),
  )
  expect(imported).toContain("mediabunny")
  expect(imported.filter((id) => /^(@?auteur|@?effect)(\/|$)/.test(id))).toEqual([])
})
