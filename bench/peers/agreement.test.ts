import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { encodeSafetensors, Tensor } from "@auteur/core"
import { afterAll, beforeAll, expect, it } from "vitest"
import { differenceOf } from "./agreement.ts"

let folder = ""
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "auteur-agreement-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

const write = (name: string, values: ReadonlyArray<number>, tensor = "output"): string => {
  const path = join(folder, name)
  const output = Tensor.from("x", [values.length], Float32Array.from(values))
  writeFileSync(path, encodeSafetensors({ [tensor]: output }))
  return path
}

it("finds the largest difference, also relative to the reference's largest value", () => {
  const reference = write("reference", [1, -4, 2])
  expect(differenceOf(write("same", [1, -4, 2]), reference)).toEqual({ absolute: 0, relative: 0 })
  expect(differenceOf(write("other", [1.5, -4, 1]), reference)).toEqual({ absolute: 1, relative: 0.25 })
})

it("does not take a number that is none for agreement", () => {
  const [nan, reference] = [write("nan", [1, Number.NaN, 2]), write("reference", [1, -4, 2])]
  expect(() => differenceOf(nan, reference)).toThrow(/not finite/)
  expect(() => differenceOf(reference, nan)).toThrow(/not finite/)
})

it("refuses outputs of different shapes, and files without an output", () => {
  const reference = write("reference", [1, -4, 2])
  expect(() => differenceOf(write("short", [1]), reference)).toThrow(/shape \[1\].*\[3\]/)
  expect(() => differenceOf(write("wrong", [1], "input"), reference)).toThrow(/no tensor "output"/)
})
