import { existsSync } from "node:fs"
import { cp, mkdtemp, open, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { CheckpointError, decodeCheckpoint, encodeCheckpoint, readCheckpointNote } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"
import { modelLayer } from "../model/model-services.ts"
import { makeVideo, resumeVideo } from "./make-video.ts"
import type { UnfinishedVideo } from "./render.ts"

const bundled = fileURLToPath(new URL("../../../../models/emoji-world", import.meta.url))
let root = ""
let folder = ""
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "auteur-resume-"))
})
beforeEach(async () => {
  folder = await mkdtemp(join(root, "each-"))
})
afterAll(() => rm(root, { recursive: true }))

const small = { steps: 3, frames: 1, guidanceScale: 1 }

/** Makes a video, or is stopped after two of its steps: the notices, and what is left to go on from. */
const make = async (options: {
  seed: number
  output: string
  exclusive?: boolean
  stops?: boolean
  model?: string
}) => {
  const { seed, output, exclusive, stops = false, model } = options
  const notices: Array<string> = []
  let left: UnfinishedVideo | undefined
  const video = makeVideo({
    ...small,
    prompt: "a fox",
    seed,
    output,
    exclusive,
    onNotice: (notice) => Effect.sync(() => void notices.push(notice)),
    onEvent: (event) => (stops && event.type === "step-end" && event.index === 1 ? Effect.interrupt : Effect.void),
    onUnfinished: (video) => Effect.sync(() => void (left = video)),
  })
  const exit = await Effect.runPromiseExit(Effect.provide(video, modelLayer(model === undefined ? {} : { model })))
  expect(Exit.isSuccess(exit)).toBe(!stops)
  return { notices, checkpoint: left?.checkpoint, output: Exit.isSuccess(exit) ? exit.value.output : undefined }
}

const resume = (checkpoint: string, options: { output?: string; model?: string } = {}) =>
  Effect.runPromise(resumeVideo({ checkpoint, ...options }))

describe("the checkpoint of an unfinished run", () => {
  it.each(["x.mp4", "x/"])("is left alone by other runs of %s, which keep theirs beside it", async (name) => {
    const output = join(folder, name)
    const base = output.replace(/\/$/, "")
    const first = await make({ seed: 1, output, stops: true })
    expect(first.checkpoint).toBe(`${base}.auteur`)
    const bytes = await readFile(first.checkpoint!)

    await make({ seed: 2, output })
    const second = await make({ seed: 3, output, stops: true })
    expect(second.checkpoint).toBe(`${base}.2.auteur`)
    expect((await readFile(first.checkpoint!)).equals(bytes)).toBe(true)

    expect(await resume(second.checkpoint!)).toMatchObject({ output, record: { seed: 3 } })
    expect((await readdir(folder)).toSorted()).toEqual([name.replace("/", ""), `${name.replace("/", "")}.auteur`])
    expect(await resume(first.checkpoint!)).toMatchObject({ output, record: { seed: 1 } })
    expect(await readdir(folder)).toEqual([name.replace("/", "")])
  })

  it("is gone on from under any name, and is not written over by a run to another place", async () => {
    const output = join(folder, "x.mp4")
    const other = await make({ seed: 9, output: join(folder, "y.mp4"), stops: true })
    const { checkpoint } = await make({ seed: 1, output, stops: true })
    await cp(checkpoint!, join(folder, "renamed"))
    expect((await resume(join(folder, "renamed"))).output).toBe(output)
    await resume(checkpoint!, { output: join(folder, "y.mp4") })
    expect((await readdir(folder)).toSorted()).toEqual(["x.mp4", "y.mp4", "y.mp4.auteur"])
    expect((await resume(other.checkpoint!)).record.seed).toBe(9)
  })

  it("names no place outside of its folder", async () => {
    const { checkpoint } = await make({ seed: 1, output: join(folder, "x.mp4"), stops: true })
    const bytes = await readFile(checkpoint!)
    const note = JSON.parse(readCheckpointNote(bytes)!) as object
    for (const name of ["/x.mp4", "../x.mp4", "../", "..", "./", "", "/"]) {
      const hostile = encodeCheckpoint(decodeCheckpoint(bytes), JSON.stringify({ ...note, output: name }))
      await writeFile(checkpoint!, hostile)
      await expect(resume(checkpoint!)).rejects.toThrow("it does not say which video it belongs to")
    }
  })

  it("that cannot be saved does not end the run: it is said once, and the video is written", async () => {
    // A name that is just not too long, and with the ending of a checkpoint is.
    const output = join(folder, `${"x".repeat(248)}.mp4`)
    const { notices } = await make({ seed: 1, output })
    expect(notices).toEqual([
      `Cannot write ${output}.auteur: the name is too long. Name a shorter one. Until then, progress is not saved.`,
    ])
    expect(await readdir(folder)).toEqual([`${"x".repeat(248)}.mp4`])
  })
})

describe("a copy of the model", () => {
  it("continues a run under another name: the hash decides", async () => {
    const { checkpoint } = await make({ seed: 1, output: join(folder, "x.mp4"), stops: true })
    const copy = join(folder, "m2")
    await cp(bundled, copy, { recursive: true })
    expect((await resume(checkpoint!, { model: copy })).record.seed).toBe(1)
    const resumed = await readFile(join(folder, "x.mp4"))
    await make({ seed: 1, output: join(folder, "y.mp4") })
    expect(resumed.equals(await readFile(join(folder, "y.mp4")))).toBe(true)
  })
})

describe("a name that was not asked for", () => {
  it("takes no file's place, also of one that appears meanwhile, and when the run is continued", async () => {
    const output = join(folder, "x.mp4")
    const { checkpoint } = await make({ seed: 1, output, exclusive: true, stops: true })
    await writeFile(output, "another program's")
    expect((await resume(checkpoint!)).output).toBe(join(folder, "x-2.mp4"))
    expect((await make({ seed: 2, output, exclusive: true })).output).toBe(join(folder, "x-3.mp4"))
    expect(await readFile(output, "utf8")).toBe("another program's")
  })
})

describe("a model that was changed after the run began", () => {
  it("is refused, and the run goes on with the one that it was begun with", async () => {
    const model = join(folder, "emoji-world")
    await cp(bundled, model, { recursive: true })
    const { checkpoint } = await make({ seed: 1, output: join(folder, "x.mp4"), stops: true, model })

    const weights = join(model, "transformer", "diffusion_pytorch_model.safetensors")
    const file = await open(weights, "r+")
    const headerBytes = (await file.read(Buffer.alloc(8), 0, 8, 0)).buffer.readBigUInt64LE()
    await file.write(Buffer.of(1, 2, 3, 4), 0, 4, 8 + Number(headerBytes))
    await file.close()

    const refused = resume(checkpoint!)
    await expect(refused).rejects.toThrow(CheckpointError)
    await expect(refused).rejects.toThrow(
      `${checkpoint} cannot be resumed with the model ${model}: it is not the one that the run was begun with. Name that one with --model, or start again.`,
    )
    expect(existsSync(checkpoint!)).toBe(true)
    expect((await resume(checkpoint!, { model: bundled })).record.seed).toBe(1)
    expect(existsSync(checkpoint!)).toBe(false)
  })
})
