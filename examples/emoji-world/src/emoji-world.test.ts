import { readFileSync } from "node:fs"
import { gunzipSync } from "node:zlib"
import { expect, it } from "vitest"
import { caption, drawFactors, type Factors, PythonRandom, renderClip } from "./index.ts"

const folder = new URL("../test/", import.meta.url)
const golden = JSON.parse(readFileSync(new URL("golden.json", folder), "utf8")) as {
  readonly random: ReadonlyArray<number>
  readonly drawn: ReadonlyArray<Factors>
  readonly clips: ReadonlyArray<{ readonly factors: Factors; readonly caption: string }>
}
const pictures = gunzipSync(readFileSync(new URL("golden.bin.gz", folder)))

const meanDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i]! - b[i]!)
  return sum / a.length
}

it("draws the random numbers of Python", () => {
  const random = new PythonRandom(2 ** 40 + 7)
  const drawn = [random.random(), random.uniform(-2, 3), random.below(2 ** 30), random.below(7), random.random()]
  expect(drawn).toEqual(golden.random)
})

it("draws the factors and captions of the Python generator", () => {
  const random = new PythonRandom(1234)
  for (const { factors, caption: wanted } of golden.clips) {
    const { subject, motion, scene, ...rest } = drawFactors(random)
    expect({ ...factors, ...rest }).toEqual(factors)
    expect([subject, motion, scene].every((name) => name.length > 0)).toBe(true)
    expect(caption(factors, random)).toBe(wanted)
  }
  expect(golden.drawn.map(() => drawFactors(random))).toEqual(golden.drawn)
})

it("draws the frames and masks of the Python generator, within 1 of 255 on average", async () => {
  const [videoLength, maskLength] = [3 * 64 * 64 * 3, 3 * 64 * 64]
  const far: Array<string> = []
  for (const [i, { factors }] of golden.clips.entries()) {
    const { video, mask } = await renderClip(factors)
    const every = (tensor: typeof video) =>
      [0, 8, 16].flatMap((frame) => [...tensor.slice("frames", frame, frame + 1).contiguous().data])
    const at = i * (videoLength + maskLength)
    const end = at + videoLength
    const videoDifference = meanDifference(every(video), pictures.subarray(at, end))
    const maskDifference = meanDifference(every(mask), pictures.subarray(end, end + maskLength))
    if (!(videoDifference < 1 && maskDifference < 0.01)) {
      far.push(`${factors.subject} ${factors.motion} ${factors.scene}: ${videoDifference}, mask ${maskDifference}`)
    }
  }
  expect(far).toEqual([])
})
