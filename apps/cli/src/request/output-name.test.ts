import { writeFileSync } from "node:fs"
import { expect, it } from "vitest"
import { temporaryFolder } from "../../test/run-auteur.ts"
import { numberedName, outputName } from "./output-name.ts"

const folder = temporaryFolder()

it("a file is named after the first words of its prompt, in any alphabet", () => {
  expect(outputName("A fox, in a meadow!")).toBe("a-fox-in-a-meadow.mp4")
  expect(outputName("Лиса на лугу 🦊")).toBe("лиса-на-лугу.mp4")
  expect(outputName("ein fuchs läuft über Eis")).toBe("ein-fuchs-läuft-über-eis.mp4")
  expect(outputName("ein fuchs la\u0308uft")).toBe("ein-fuchs-läuft.mp4")
  expect(outputName("एक लोमड़ी दौड़ती है")).toBe("एक-लोमड़ी-दौड़ती-है.mp4")
  expect(outputName("狐狸在跑")).toBe("狐狸在跑.mp4")
  expect(outputName("🦊")).toBe("video.mp4")
  expect(outputName("../../etc/passwd")).toBe("etc-passwd.mp4")
  expect(outputName("con")).toBe("con-video.mp4")
  expect([...outputName("very ".repeat(100))].length).toBeLessThanOrEqual(64)
  expect(Buffer.byteLength(outputName("狐".repeat(100)))).toBeLessThanOrEqual(184)
  expect(Buffer.byteLength(outputName(`a${"\u0301".repeat(400)}`))).toBeLessThanOrEqual(184)
})

it("a file that is there is not taken", () => {
  const before = `${folder.path()}/`
  writeFileSync(`${before}a-fox.mp4`, "")
  writeFileSync(`${before}a-fox-2.mp4`, "")
  expect(outputName("a fox", before)).toBe(`${before}a-fox-3.mp4`)
})

it("the videos of a batch are numbered in equal width", () => {
  expect(numberedName("out/clip.webp", "a fox", 6, 120)).toBe("out/clip-007.webp")
  expect(numberedName("frames/", "a fox", 0, 9)).toBe("frames/1/")
  expect(numberedName(undefined, "a fox", 8, 10)).toBe("09-a-fox.mp4")
})
