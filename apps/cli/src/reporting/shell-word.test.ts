import { execFileSync } from "node:child_process"
import { describe, expect, it } from "vitest"
import { toFlag } from "./shell-word.ts"

describe("a flag to copy", () => {
  it.each([
    ["fox.mp4.auteur", "--resume fox.mp4.auteur"],
    ["a/лиса-2.mp4.auteur", "--resume a/лиса-2.mp4.auteur"],
    ["my fox.auteur", "--resume 'my fox.auteur'"],
    ["it's.auteur", String.raw`--resume 'it'\''s.auteur'`],
    ["$(rm x)`y`.auteur", "--resume '$(rm x)`y`.auteur'"],
    ["~/x.auteur", "--resume '~/x.auteur'"],
    ["-x.auteur", "--resume=./-x.auteur"],
    ["a\u001b\n'b.auteur", String.raw`--resume $'a\x1b\x0a\'b.auteur'`],
  ])("%j", (path, text) => {
    expect(toFlag("--resume", path, "linux")).toBe(text)
  })

  it("is in double quotes on Windows", () => {
    expect(toFlag("--resume", "my fox.auteur", "win32")).toBe('--resume "my fox.auteur"')
  })

  it("comes back from a shell as it was", () => {
    for (const path of ["my fox", "it's", '$(x)`y`"', "~/x", "*?[a]", "a\u001b\n'\\b"]) {
      const words = execFileSync("bash", ["-c", `printf '%s\\0' ${toFlag("--resume", path, "linux")}`])
      expect(words.toString().split("\0")).toEqual(["--resume", path, ""])
    }
  })
})
