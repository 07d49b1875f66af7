import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { checkArguments } from "./check-arguments.ts"

const names = {
  commands: ["generate", "models", "doctor"],
  flags: ["seed", "steps", "output", "negative-prompt", "guidance-scale", "video", "cache", "json", "quiet"],
  letters: ["o", "m", "n", "q", "h"],
}
const check = (args: ReadonlyArray<string>, environment = {}) => {
  const error = checkArguments(args, names, environment)
  if (error !== undefined) expect(error.exitCode).toBe(2)
  return error?.message
}

describe("flags that npm kept for itself", () => {
  const npm = (kept: object) => ({ npm_lifecycle_event: "start", npm_config_cache: "/home/me/.npm", ...kept })

  it.each([
    [["a fox", "7"], { npm_config_seed: "true" }, "--seed"],
    [["a fox"], { npm_config_seed: "7", npm_config_steps: "2" }, "--seed, --steps"],
    [["a fox", "x.mp4"], { npm_config_o: "true" }, "-o"],
    [["a fox"], { npm_config_negative_prompt: "a car" }, "--negative-prompt"],
    [["a fox"], { npm_config_json: "true" }, "--json"],
    [["a fox"], { npm_config_cache: "/home/me/clips/tea" }, "--cache"],
  ])("%j with %j", (args, kept, flags) => {
    expect(check(args, npm(kept))).toBe(
      `npm kept ${flags} for itself: write -- before the prompt and the flags, as in npm start -- "a fox runs" --seed 7.`,
    )
  })

  it("are told with PowerShell's quoted dashes there", () => {
    const environment = npm({ npm_config_seed: "7", PSModulePath: "C:\\modules" })
    expect(check(["a fox"], environment)).toMatch(/In PowerShell, quote them: npm start '--' "a fox runs" --seed 7\.$/)
  })

  it.each([
    [["a fox", "--seed", "7"], npm({})],
    [["a fox", "--seed=7"], npm({ npm_config_seed: "7" })],
    [["a fox"], { npm_config_seed: "7" }],
    [["a fox"], { npm_lifecycle_event: "test", npm_config_seed: "7" }],
  ])("are none in %j with %j", (args, environment) => expect(check(args, environment)).toBeUndefined())

  it("are told by npm start itself", async () => {
    const cwd = fileURLToPath(new URL("../../../..", import.meta.url))
    const run = promisify(execFile)("npm", ["start", "--silent", "a fox", "--seed=7"], {
      cwd,
      shell: process.platform === "win32",
    })
    const failure = await run.then(
      () => undefined,
      (error: { code: number; stderr: string }) => error,
    )
    expect(failure?.stderr).toContain("npm kept --seed for itself: write -- before")
    expect(failure?.code).toBe(2)
  })
})

describe("arguments with a wrong dash", () => {
  it.each([
    [["-a fox runs"], 'for a prompt, write auteur -- "-a fox runs"; for a file, ./-a fox runs'],
    [["--a fox runs fast"], "for a prompt, write auteur --"],
    [["a fox", "--video", "-d.mp4"], "needs an equals sign: --video=-d.mp4"],
    [["a fox", "-steps", "3"], "write --steps, with two hyphens"],
    [["a fox", "–seed", "3"], "with a long dash: write --seed, with plain hyphens"],
    [["a fox", "—o", "x.mp4"], "with a long dash: write -o, with plain hyphens"],
  ])("%j", (args, message) => expect(check(args)).toContain(message))

  it.each([
    [["a fox", "--seed", "-7"]],
    [["a fox", "--seed", "-7e3"]],
    [["a fox", "-o", "x.mp4", "-q"]],
    [["a fox", "-qo", "x.mp4"]],
    [["a fox", "-o=x y.mp4"]],
    [["a fox", "--negative-prompt=a car, - a bus"]],
    [["--", "-a fox runs"]],
    [["– a fox", "-"]],
  ])("%j are as they should be", (args) => expect(check(args)).toBeUndefined())
})

describe("a word that is nearly a command", () => {
  it.each([
    [["modles"], /^There is no command "modles": did you mean models\?/],
    [["doctro", "--json"], /did you mean doctor\?/],
  ])("%j", (args, message) => expect(check(args)).toMatch(message))

  it.each([[["fox"]], [["a modles"]], [["doctor"]]])("is not %j", (args) => expect(check(args)).toBeUndefined())
})
