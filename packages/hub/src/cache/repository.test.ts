import { join, relative } from "node:path"
import * as fc from "fast-check"
import { expect, it } from "vitest"
import { repositoryFolder } from "./hub-cache.ts"
import { formatRepository, isSafePath, parseRepository, parseRepositoryFile } from "./repository.ts"

it.each(["zai-org/CogVideoX1.5-5B", "a/b", "org_1/name.v2", "org/name@refs/pr/1", "org/name@v1.0"])(
  "%s is a name and formats as itself",
  (name) => {
    expect(formatRepository(parseRepository(name)!)).toBe(name)
  },
)

it.each([
  "name",
  "a/b/c",
  "../x",
  "a/..",
  "a/.b",
  "-a/b",
  "a/b--c",
  "a/b.git",
  "a/b@",
  "a/b@..",
  "a/b@x.lock",
  "a/ b",
  "a/é",
])("%s is no name", (name) => {
  expect(parseRepository(name)).toBeUndefined()
})

it.each(["org/name/fox.safetensors", "org/name/checkpoint-100/a b.safetensors@v1"])(
  "%s is a file of a repository",
  (name) => {
    const { repository, file } = parseRepositoryFile(name)!
    expect(repository.id).toBe("org/name")
    expect(formatRepository(repository, file)).toBe(name)
  },
)

it.each([
  "org/fox.safetensors",
  "org/name/../x.safetensors",
  "org/name/fox.bin",
  "../name/x.safetensors",
  "a/b/c:d.safetensors",
])("%s is not a file of a repository", (name) => {
  expect(parseRepositoryFile(name)).toBeUndefined()
})

it("no accepted name or path leaves its folder", () => {
  const hostile = fc.string({
    unit: fc.constantFrom("a", "b", ".", "..", "/", "\\", "-", "@", ":", "\0", " "),
    maxLength: 12,
  })
  fc.assert(
    fc.property(hostile, (text) => {
      const repository = parseRepository(text)
      const staysBelow = (path: string) => !/^\.\.(?:\/|$)|^\/|^$/.test(relative("/cache", join("/cache", path)))
      const isBelow =
        repository === undefined ||
        (/^models--[\w.-]+$/.test(relative("/cache", repositoryFolder("/cache", repository.id))) &&
          staysBelow(repository.revision))
      expect(isBelow).toBe(true)
      expect(!isSafePath(text) || staysBelow(text)).toBe(true)
    }),
    { numRuns: 2000 },
  )
})
