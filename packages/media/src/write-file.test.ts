import { lstat, mkdir, mkdtemp, readFile, readdir, rm, stat, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { MediaError } from "@auteur/core"
import { afterEach, beforeEach, expect, it } from "vitest"
import { checkWritable, explainWriteFailure, writeFileAtomically, writeNewFile } from "./write-file.ts"

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-media-"))
})
afterEach(() => rm(folder, { recursive: true }))

const bytes = Uint8Array.of(1, 2, 3)
const read = async (path: string): Promise<Uint8Array> => new Uint8Array(await readFile(path))
const rejection = (path: string): Promise<unknown> => writeFileAtomically(path, bytes).catch((cause: unknown) => cause)

it("writes a new file and replaces an old one, leaving nothing beside it", async () => {
  const path = join(folder, "clip.mp4")
  await writeFileAtomically(path, Uint8Array.of(9))
  await writeFileAtomically(path, bytes)
  expect(await read(path)).toEqual(bytes)
  expect(await readdir(folder)).toEqual(["clip.mp4"])
})

it("keeps a link and the mode of the file that it replaces", async () => {
  const path = join(folder, "clip.mp4")
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
  const path = join(folder, "nowhere", "clip.mp4")
  const cause = await rejection(path)
  expect(cause).toBeInstanceOf(MediaError)
  expect(cause).toHaveProperty(
    "message",
    `Cannot write ${path}: the folder ${join(folder, "nowhere")} does not exist. Make it first or name another place.`,
  )
})

it("says that a folder is a folder, and offers a name in it", async () => {
  const path = join(folder, "videos")
  await mkdir(path)
  expect(await rejection(path)).toHaveProperty(
    "message",
    `Cannot write ${path}: it is a folder. Add a file name, such as ${join(path, "video.mp4")}.`,
  )
  expect(await readdir(folder)).toEqual(["videos"])
})

it("says that a file is not a folder", async () => {
  await writeFile(join(folder, "file"), "")
  expect(await rejection(join(folder, "file", "clip.mp4"))).toHaveProperty(
    "message",
    expect.stringContaining("is a file, not a folder"),
  )
})

it("says before the work that a name is too long", async () => {
  const path = join(folder, `${"x".repeat(300)}.mp4`)
  await expect(checkWritable(path)).rejects.toThrow("the name is too long. Name a shorter one.")
  expect(await rejection(path)).toHaveProperty("message", expect.stringContaining("the name is too long"))
})

it("keeps the old file and removes the begun one when the disk is full", async () => {
  const path = join(folder, "clip.mp4")
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
  expect(await readdir(folder)).toEqual(["clip.mp4"])
  expect(await readFile(path, "utf8")).toBe("old")
})

it("writes through a link whose file is not there yet, also over several links", async () => {
  await mkdir(join(folder, "elsewhere"))
  await symlink(join("elsewhere", "clip.mp4"), join(folder, "second.mp4"))
  await symlink("second.mp4", join(folder, "first.mp4"))
  await checkWritable(join(folder, "first.mp4"))
  await writeFileAtomically(join(folder, "first.mp4"), bytes)
  expect(await read(join(folder, "elsewhere", "clip.mp4"))).toEqual(bytes)
  expect((await lstat(join(folder, "first.mp4"))).isSymbolicLink()).toBe(true)
})

it("refuses a link into a folder that does not exist, and a loop of links", async () => {
  const path = join(folder, "link.mp4")
  await symlink(join("nowhere", "clip.mp4"), path)
  const message = `Cannot write ${path}: the folder ${join(folder, "nowhere")} does not exist.`
  await expect(checkWritable(path)).rejects.toThrow(message)
  await expect(writeFileAtomically(path, bytes)).rejects.toThrow(message)
  const loop = join(folder, "loop.mp4")
  await symlink("loop.mp4", loop)
  await expect(writeFileAtomically(loop, bytes)).rejects.toThrow("it is a link in a loop of links")
})

it("takes the next number in place of a name that is taken, be it by a link that leads nowhere", async () => {
  const path = join(folder, "fox.mp4")
  expect(await writeNewFile(path, bytes)).toBe(path)
  await symlink("nowhere", join(folder, "fox-2.mp4"))
  expect(await writeNewFile(path, Uint8Array.of(9))).toBe(join(folder, "fox-3.mp4"))
  expect(await writeNewFile(join(folder, "fox-3.mp4"), bytes)).toBe(join(folder, "fox-4.mp4"))
  expect(await read(path)).toEqual(bytes)
  expect(await readdir(folder)).toEqual(["fox-2.mp4", "fox-3.mp4", "fox-4.mp4", "fox.mp4"])
})

it("gives every one of many writers at once a name of its own", async () => {
  const path = join(folder, "fox.mp4")
  const names = await Promise.all(Array.from({ length: 8 }, (_, i) => writeNewFile(path, Uint8Array.of(i))))
  expect(new Set(names).size).toBe(8)
  for (const [i, name] of names.entries()) expect(await read(name)).toEqual(Uint8Array.of(i))
})

it.each([
  ["EACCES", "/videos/fox.mp4", "writing to /videos/fox.mp4 is not permitted"],
  ["EACCES", "/videos/.fox.mp4.0f.part", "writing to /videos is not permitted"],
  ["EFBIG", "", "it would be larger than a file may be there"],
  ["EMFILE", "", "too many files are open"],
])("says of %s at %s what it is about", (code, path, message) => {
  const cause = Object.assign(new Error(code), { code, path })
  expect(explainWriteFailure("/videos/fox.mp4", cause)).toContain(`Cannot write /videos/fox.mp4: ${message}`)
})
