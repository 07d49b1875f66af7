import { readFile, writeFile } from "node:fs/promises"
import { describe, expect, it } from "vitest"
import { auteur, expectClearErrors, temporaryFolder } from "../../test/run-auteur.ts"

const folder = temporaryFolder()
const run = (...args: ReadonlyArray<string>) => auteur(args, { cwd: folder.path() })
const make = async (name: string, ...args: ReadonlyArray<string>) => {
  const { code, errors } = await run(...args, "-o", name)
  expect({ code, errors: code === 0 ? "" : errors }).toEqual({ code: 0, errors: "" })
  return readFile(folder.file(name))
}
const refusal = async (...args: ReadonlyArray<string>) => {
  const { code, errors } = await run(...args)
  expect(code).not.toBe(0)
  expectClearErrors(errors)
  return errors
}
const small = ["a fox", "--steps", "3", "--frames", "1", "--seed", "5"]

/** A LoRA file for one layer, of rank 2. */
const loraBytes = (layer: string, out: number, inner: number, scale = 1): Buffer => {
  const end = 8 * inner
  const header = Buffer.from(
    JSON.stringify({
      [`transformer.${layer}.lora_A.weight`]: { dtype: "F32", shape: [2, inner], data_offsets: [0, end] },
      [`transformer.${layer}.lora_B.weight`]: { dtype: "F32", shape: [out, 2], data_offsets: [end, end + 8 * out] },
    }),
  )
  const start = Buffer.alloc(8)
  start.writeBigUInt64LE(BigInt(header.length))
  const values = Float32Array.from({ length: 2 * (inner + out) }, (_, i) => scale * Math.sin(i + 1))
  return Buffer.concat([start, header, Buffer.from(values.buffer)])
}

describe("--lora", () => {
  it("adds files, which --like repeats or refuses when they have changed", async () => {
    await writeFile(folder.file("one.safetensors"), loraBytes("transformer_blocks.0.attn1.to_q", 192, 192))
    await writeFile(folder.file("two.safetensors"), loraBytes("transformer_blocks.5.ff.net.2", 192, 768))
    const adapted = await make("a.mp4", ...small, "--lora", "one.safetensors:0.5", "--lora", "two.safetensors")
    expect(adapted.toString("latin1")).toMatch(
      /one\.safetensors.{1,9}weight.{1,4}0\.5.*two\.safetensors.{1,9}weight.{1,4}1/,
    )
    expect(await make("b.mp4", "--like", "a.mp4")).toEqual(adapted)

    await writeFile(folder.file("two.safetensors"), loraBytes("transformer_blocks.5.ff.net.2", 192, 768, 2))
    expect(await refusal("--like", "a.mp4")).toMatch(
      /The LoRA two\.safetensors is not the one that made the video before/,
    )
  })

  it("names what does not fit", async () => {
    await writeFile(folder.file("odd.safetensors"), loraBytes("transformer_blocks.0.attn1.to_q", 192, 128))
    expect(await refusal(...small, "--lora", "odd.safetensors")).toMatch(/lora_A\.weight" .* has the shape \[2, 128\]/)
  })

  it("is not taken with --resume, which has its own", async () => {
    expect(await refusal("--resume", "x.auteur", "--lora", "one.safetensors")).toContain("leave out --lora")
  })
})

describe("--cache", () => {
  it("reuses from step to step, as --like does, which --cache none undoes", async () => {
    const cached = await make("tea.mp4", ...small, "--cache", "tea", "--cache-threshold", "2")
    expect(cached.toString("latin1")).toContain('"cache":"tea","cacheThreshold":"2"')
    expect(await make("again.mp4", "--like", "tea.mp4")).toEqual(cached)
    const plain = await make("plain.mp4", "--like", "tea.mp4", "--cache", "none")
    expect(plain.toString("latin1")).not.toContain("cache")
  })

  it("is refused without a name, and with a threshold that it cannot have", async () => {
    expect(await refusal(...small, "--cache-threshold", "1")).toContain("name the cache with --cache")
    expect(await refusal(...small, "--cache", "pyramid", "--cache-threshold", "1.5")).toContain(
      "give a whole number of at least 1",
    )
  })
})
