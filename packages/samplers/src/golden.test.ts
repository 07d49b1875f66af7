import { decodeSafetensors } from "@auteur/core"
import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, expect, it } from "vitest"
import { type SchedulerCase, schedulerCase } from "../../../tests/parity/scheduler-case.ts"

const golden = join(import.meta.dirname, "../test/golden")
const folders = readdirSync(golden, { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map((entry) => entry.name)

const caseNamed = (name: string): SchedulerCase =>
  JSON.parse(readFileSync(join(golden, name, "case.json"), "utf8")) as SchedulerCase

describe("the reference's schedulers", () => {
  it.each(folders)("%s: timesteps, sigmas and every sample agree", (folder) => {
    const { tensors } = decodeSafetensors(readFileSync(join(golden, folder, "io.safetensors")))
    const results = schedulerCase(caseNamed(folder), tensors, caseNamed)
    const outputs = [...tensors.keys()].filter((name) => name.startsWith("out."))
    expect(results.map(({ name }) => `out.${name}`).toSorted()).toEqual(outputs.toSorted())
    expect(results.filter(({ error, bound }) => !(error <= bound))).toEqual([])
  })
})
