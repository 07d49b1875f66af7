import { expect, it } from "vitest"
import { measureProcess } from "./measure-process.ts"

const node = (code: string, limitSeconds = 60) =>
  measureProcess([process.execPath, "-e", code], { ANSWER: "42" }, limitSeconds)

it("hands on what the process printed, and its environment", async () => {
  const figures = await node("console.log(process.env.ANSWER)")
  expect(figures?.output).toBe("42\n")
})

it("sees the peak memory on Linux, also where it was given back", async () => {
  const figures = await node("let a = Buffer.alloc(3e8, 1); a = undefined; setTimeout(() => {}, 300)")
  const peak = figures?.peakBytes ?? null
  expect(process.platform === "linux" ? peak !== null && peak > 3e8 : peak === null).toBe(true)
})

it("says what a process that failed had printed", async () => {
  await expect(node("throw new Error('no model')")).rejects.toThrow(/no model/)
})

it("says which program could not be started", async () => {
  await expect(measureProcess(["/no/such/program"], {}, 60)).rejects.toThrow(/\/no\/such\/program could not be started/)
})

it("stops a process at the limit", async () => {
  expect(await node("setInterval(() => {}, 1000)", 0.5)).toBeUndefined()
})
