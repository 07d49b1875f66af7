import { execFile } from "node:child_process"
import { mkdtemp, readdir, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { expect, it } from "vitest"

it("makes two videos", async () => {
  const folder = await mkdtemp(join(tmpdir(), "auteur-sdk-"))
  try {
    const main = join(import.meta.dirname, "main.ts")
    const { stdout } = await promisify(execFile)(process.execPath, [main], { cwd: folder })
    expect(stdout).toMatch(/^emoji-world needs \d+ MB\nstep 1 of 6\n(.*\n)*step 6 of 6\n9 frames of 64×64, seed 7\n$/)
    expect((await readdir(folder)).toSorted()).toEqual(["cat.webp", "fox.mp4"])
  } finally {
    await rm(folder, { recursive: true })
  }
})
