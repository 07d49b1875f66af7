import { mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MediaError } from "@auteur/core"
import { afterEach, beforeEach, expect, it } from "vitest"
import { checkWritable, writeFileAtomically } from "./write-file.ts"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-media-"))
})
afterEach(() => rm(folder, { recursive: true }))

const bytes = Uint8Array.of(1, 2, 3)
const read = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(path))
const refusal = (path: string): Promise<unknown> => writeFileAtomically(path, bytes).catch((cause: unknown) => cause)

it("writes a new file and replaces an old one, leaving nothing beside it", async () => {
  const path = join(folder, "film.mp4")
  await writeFileAtomically(path, Uint8Array.of(9))
  await writeFileAtomically(path, bytes)
  expect(await read(path)).toEqual(bytes)
  expect(await readdir(folder)).toEqual(["film.mp4"])
})

it("keeps a link and the mode of the file that it replaces", async () => {
  const path = join(folder, "film.mp4")
  await writeFile(path, "old", { mode: 0o600 })
  await symlink(path, join(folder, "link.mp4"))
  await writeFileAtomically(join(folder, "link.mp4"), bytes)
  expect(await read(path)).toEqual(bytes)
  expect((await stat(path)).mode & 0o777).toBe(0o600)
})

it("writes to a device without replacing it", async () => {
  await writeFileAtomically("/dev/null", bytes)
  expect((await stat("/dev/null")).isCharacterDevice()).toBe(true)
})

it("names a folder that does not exist", async () => {
  const path = join(folder, "nowhere", "film.mp4")
  const cause = await refusal(path)
  expect(cause).toBeInstanceOf(MediaError)
  expect(cause).toHaveProperty(
    "message",
    `Cannot write ${path}: the folder ${join(folder, "nowhere")} does not exist. Make it first or name another place.`,
  )
})

it("says that a folder is a folder, and offers a name in it", async () => {
  const path = join(folder, "films")
  await mkdir(path)
  expect(await refusal(path)).toHaveProperty(
    "message",
    `Cannot write ${path}: it is a folder. Add a file name, such as ${join(path, "video.mp4")}.`,
  )
  expect(await readdir(folder)).toEqual(["films"])
})

it("says that a file is no folder", async () => {
  await writeFile(join(folder, "file"), "")
  expect(await refusal(join(folder, "file", "film.mp4"))).toHaveProperty(
    "message",
    expect.stringContaining("is a file, not a folder"),
  )
})

it("says before the work that a name is too long", async () => {
  const path = join(folder, `${"x".repeat(300)}.mp4`)
  await expect(checkWritable(path)).rejects.toThrow("the name is too long. Name a shorter one.")
  expect(await refusal(path)).toHaveProperty("message", expect.stringContaining("the name is too long"))
})

it("keeps the old file and removes the begun one when the disk is full", async () => {
  const path = join(folder, "film.mp4")
  await writeFile(path, "old")
  // Stands for a disk that takes the first bytes and no more.
  async function* untilFull(): AsyncGenerator<Uint8Array> {
    yield bytes
    expect(await readdir(folder)).toHaveLength(2)
    throw Object.assign(new Error("no space left on device"), { code: "ENOSPC" })
  }
  const cause = await writeFileAtomically(path, untilFull() as unknown as Uint8Array).catch((error: unknown) => error)
  expect(cause).toHaveProperty(
    "message",
    `Cannot write ${path}: the disk is full. Free some space or name a place on another disk.`,
  )
  expect(await readdir(folder)).toEqual(["film.mp4"])
  expect(await readFile(path, "utf8")).toBe("old")
})
