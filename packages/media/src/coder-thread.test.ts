import { execFileSync } from "node:child_process"
import { MediaError } from "@auteur/core"
import { describe, expect, it } from "vitest"
import { movingSquare } from "../test/moving-square.ts"
import type { CoderOptions } from "./coder.ts"
import { openFrameWriter } from "./encode.ts"
import { formats } from "./formats.ts"

// Larger than what is coded on the calling thread.
const [width, height] = [320, 240]
const frames = movingSquare(3, width, height)
const options: CoderOptions = { width, height, fps: 8, quality: 80, note: '{"prompt":"a fox"}' }

const onThisThread = async (kind: "mp4" | "webp" | "gif"): Promise<Uint8Array> => {
  const coder = await formats[kind].open(options)
  for (const frame of frames) await coder.add(frame)
  return coder.finish()
}

describe.each(["mp4", "webp", "gif"] as const)("%s of large frames", (kind) => {
  it("is coded in a thread to the same bytes, and leaves the frames to the caller", async () => {
    let threads = 0
    const count = (): void => void threads++
    process.on("worker", count)
    const opened = openFrameWriter(kind, { width, height, fps: 8, metadata: { prompt: "a fox" } })
    await Promise.all(frames.map((frame) => opened.write(frame)))
    expect(Buffer.compare(await opened.end(), await onThisThread(kind))).toBe(0)
    process.off("worker", count)
    expect(threads).toBe(1)
    expect(frames[0]!.data.length).toBe(width * height * 3)
  })

  it("refuses frames after it was disposed", async () => {
    const opened = openFrameWriter(kind, { width, height, fps: 8 })
    await opened.write(frames[0]!)
    opened.dispose()
    await expect(opened.write(frames[0]!)).rejects.toThrow(MediaError)
  })

  it("keeps no process alive when it is abandoned", () => {
    const script = `
      const { openFrameWriter } = await import(${JSON.stringify(new URL("encode.ts", import.meta.url).href)})
      const size = { width: ${width}, height: ${height} }
      await openFrameWriter("${kind}", { ...size, fps: 8 }).write({ ...size, data: new Uint8Array(${width * height * 3}) })
      process.stdout.write("written")`
    const args = ["--input-type=module", "--eval", script]
    expect(execFileSync(process.execPath, args, { encoding: "utf8", timeout: 60_000 })).toBe("written")
  })
})
