import { expect, it } from "vitest"
import { parseLora } from "./flag-values.ts"

it.each([
  ["fox.safetensors", { path: "fox.safetensors" }],
  ["fox.safetensors:0.5", { path: "fox.safetensors", weight: 0.5 }],
  ["./lora:-1", { path: "./lora", weight: -1 }],
  ["lora:.7", { path: "lora", weight: 0.7 }],
  ["C:\\lora\\fox.safetensors", { path: "C:\\lora\\fox.safetensors" }],
  ["C:\\lora:2e-1", { path: "C:\\lora", weight: 0.2 }],
  ["fox:much", { path: "fox:much" }],
] as const)("reads %s", (text, expected) => {
  expect(parseLora(text)).toEqual(expected)
})
