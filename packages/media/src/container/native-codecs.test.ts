import { expect, it } from "vitest"
import { givingUp } from "./native-codecs.ts"

const collect = async <A>(frames: AsyncIterable<A>): Promise<ReadonlyArray<A>> => {
  const all: Array<A> = []
  for await (const frame of frames) all.push(frame)
  return all
}

it("passes frames on in their order", async () => {
  async function* frames() {
    yield* [1, 2, 3]
  }
  expect(await collect(givingUp(frames()))).toEqual([1, 2, 3])
})

it("fails when a decoder never answers, and with what a decoder fails with", async () => {
  async function* silent() {
    yield 1
    await new Promise(() => undefined)
  }
  await expect(collect(givingUp(silent(), 5))).rejects.toThrow("no frame came for 0.005 seconds")
  async function* failing() {
    yield 1
    throw new Error("broken")
  }
  await expect(collect(givingUp(failing(), 5))).rejects.toThrow("broken")
})
