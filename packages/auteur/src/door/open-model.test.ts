import { execFile } from "node:child_process"
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { ModelError } from "@auteur/core"
import { readVideo } from "@auteur/media"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { type Model, openModel } from "./open-model.ts"

let folder = ""
let model: Model
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-model-"))
  model = await openModel("emoji-world")
})
afterAll(async () => {
  await model.close()
  await rm(folder, { recursive: true })
})
const small = { steps: 2, frames: 9, seed: 7 }

describe("openModel()", () => {
  it("runs the example of its documentation", async () => {
    const source = await readFile(new URL("open-model.ts", import.meta.url), "utf8")
    const example = /@example\n((?: \* ?.*\n)+?) \*\//.exec(source)![1]!.replaceAll(/^ \* ?/gm, "")
    const index = JSON.stringify(new URL("../index.ts", import.meta.url).href)
    const script = join(folder, "example.ts")
    await writeFile(script, example.replace('"auteur"', index))
    const { stdout } = await promisify(execFile)(process.execPath, [script], { cwd: folder })
    expect(stdout).toBe("1 of 4\n2 of 4\n3 of 4\n4 of 4\n")
    for (const name of ["fox.mp4", "bus.mp4"]) {
      expect((await readVideo(join(folder, name))).video.shape).toEqual([1, 9, 256, 256, 3])
    }
  })

  it("says which model is open", () => {
    expect(model.name).toBe("emoji-world")
    expect(model.path).toBe(fileURLToPath(new URL("../../../../models/emoji-world", import.meta.url)))
    expect(model.fps).toBe(8)
  })

  it("rejects with a ModelError when the model cannot be opened", async () => {
    await expect(openModel("emoji-wrold")).rejects.toThrow(ModelError)
  })

  it("refuses everything once it is closed, and aborts what runs", async () => {
    const closed = await openModel("emoji-world")
    const running = closed.stream("a fox", { steps: 500 })
    const events = running[Symbol.asyncIterator]()
    await events.next()
    await closed.close()
    const error = { _tag: "AbortError", name: "AbortError", message: "The model was closed." }
    await expect(running.video).rejects.toMatchObject(error)
    await expect(closed.generate("a fox", small)).rejects.toMatchObject(error)
  })
})

it("an estimate names the stages and counts every step", async () => {
  const [few, many] = [await model.estimate("a fox", { steps: 5 }), await model.estimate("a fox", { steps: 10 })]
  expect(few.stages.map(({ name }) => name)).toEqual(["load", "text", "denoise", "decode"])
  expect(many.stages[2]!.seconds / few.stages[2]!.seconds).toBeCloseTo(2)
  expect(few.peakBytes).toBe(Math.max(...few.stages.map(({ bytes }) => bytes)))
})
