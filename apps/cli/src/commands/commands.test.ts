import { execFile } from "node:child_process"
import { cp, mkdir, readFile, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"
import { startModelServer } from "../../test/model-server.ts"
import { auteur, expectClearErrors, temporaryFolder } from "../../test/run-auteur.ts"

const bundled = fileURLToPath(new URL("../../../../models/emoji-world", import.meta.url))
const folder = temporaryFolder()
const run = (...args: ReadonlyArray<string>) =>
  auteur(args, { cwd: folder.path(), env: { ...process.env, HF_HOME: folder.file("cache"), HF_TOKEN: "" } })

describe("auteur models", () => {
  it("lists the models on disk with kind and size", async () => {
    const { code, output } = await run("models")
    expect(output).toMatch(/^name +kind +size\nemoji-world +text-to-video +\d+ MB\n$/)
    expect(code).toBe(0)
    expect(JSON.parse((await run("models", "--json")).output)).toMatchObject([{ name: "emoji-world", problems: [] }])
  })

  it("finds no fault with the bundled model, and says what is wrong with a damaged one", async () => {
    const whole = await run("models", "check")
    expect(whole.output).toContain("is complete, and its weights fit its configs.")
    expect(whole.code).toBe(0)

    const damaged = folder.file("damaged")
    await cp(bundled, damaged, { recursive: true })
    const config = join(damaged, "vae", "config.json")
    const text = await readFile(config, "utf8")
    await writeFile(config, text.replace(/"latent_channels": \d+/, '"latent_channels": 12'))
    const { code, output, errors } = await run("models", "check", "damaged")
    expect(output).toMatch(/tensor ".*" .*vae/)
    expect(code).toBe(1)
    expectClearErrors(errors)
  })

  it("pulls a model with progress, which then makes videos by its name", async () => {
    const server = await startModelServer(bundled)
    const env = { ...process.env, HF_HOME: folder.file("pulled"), HF_TOKEN: "", HF_ENDPOINT: server.url }
    const here = (...args: ReadonlyArray<string>) => auteur(args, { cwd: folder.path(), env })
    const pulled = await here("models", "pull", "someone/tiny")
    expect(pulled.errors).toMatch(/pull \d+ MB of 39 MB\n$/)
    expect(pulled.output).toMatch(/^someone\/tiny is in .*snapshots.* \(39 MB\)\n$/)
    server.close()
    expect((await here("models")).output).toMatch(/someone\/tiny +text-to-video +39 MB/)
    const made = await here("a fox", "--model", "someone/tiny", "--steps", "1", "--frames", "1", "--seed", "2")
    expect(made).toMatchObject({ code: 0, output: "a-fox.mp4  (seed 2)\n" })
    expect((await readFile(folder.file("a-fox.mp4"))).toString("latin1")).toContain('"model":"someone/tiny"')
  })

  it("says in a sentence why a model cannot be pulled", async () => {
    const { code, errors } = await run("models", "pull", "no name")
    expect(errors).toContain('"no name" is not a name on Hugging Face')
    expect(code).toBe(2)
    expectClearErrors(errors)
  })
})

describe("auteur estimate", () => {
  it("says what each stage takes, without making anything", async () => {
    const { code, output } = await run("estimate", "a fox", "--steps", "20", "--frames", "9")
    expect(output).toMatch(/^emoji-world: 9 frames of 64×64 in 20 steps\n\nstage +memory +time\n/)
    for (const stage of ["text", "denoise", "decode", "all"])
      expect(output).toMatch(new RegExp(`\n${stage} +\\d+ MB +about`))
    expect(code).toBe(0)
    const { stages, peakBytes } = JSON.parse((await run("estimate", "a fox", "--json")).output) as {
      stages: ReadonlyArray<{ bytes: number }>
      peakBytes: number
    }
    expect(Math.max(...stages.map(({ bytes }) => bytes))).toBe(peakBytes)
  })

  it("refuses what cannot be made", async () => {
    const { code, errors } = await run("estimate", "a fox", "--frames", "7")
    expect(errors).toContain("the nearest lengths are 1 and 8 frames")
    expect(code).toBe(2)
  })
})

describe("auteur doctor", () => {
  it("finds nothing wrong where the bundled model runs", async () => {
    const { code, output } = await run("doctor")
    for (const name of ["auteur", "runtime", "processor", "memory", "engine", "folder", "model", "self-test"]) {
      expect(output).toMatch(new RegExp(`^✓ ${name} `, "m"))
    }
    expect(output).toContain("providers cpu")
    expect(code).toBe(0)
  })

  it("says what is wrong and how to fix it", async () => {
    await mkdir(folder.file("no-model"), { recursive: true })
    const { code, output, errors } = await run("doctor", "--model", "no-model")
    expect(output).toMatch(/✗ model .*\n {2}.*no-model is not a model folder/)
    expect(errors).toContain("2 things are wrong.")
    expect(code).toBe(1)
  })
})

describe("help", () => {
  it.each([
    [["--help"], ["EXAMPLES", "Exit codes: 0"]],
    [
      ["generate", "--help"],
      ["--steps", "default 50", "--seed 7", "--resume"],
    ],
    [["models", "pull", "--help"], ["auteur models pull zai-org/CogVideoX-2b"]],
  ])("%j", async (args, texts) => {
    const { code, output } = await run(...args)
    for (const text of texts) expect(output).toContain(text)
    expect(code).toBe(0)
  })

  it.each(["bash", "zsh", "fish"])("--completions %s", async (shell) => {
    const { code, output } = await run("--completions", shell)
    expect(output).toContain("generate")
    expect(output).toContain("guidance")
    expect(code).toBe(0)
  })

  it("completions complete in bash", async () => {
    await writeFile(folder.file("completions"), (await run("--completions", "bash")).output)
    const script = `source ./completions
      complete() { COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; _auteur auteur "\${!#}"; echo "\${COMPREPLY[*]}"; }
      complete auteur mod; complete auteur generate --ste; complete auteur generate --start inv; complete auteur models ""`
    const { stdout } = await promisify(execFile)("bash", ["-c", script], { cwd: folder.path() })
    expect(stdout).toBe("models\n--steps\ninversion inversion-free\npull check\n")
  })

  it("--version", async () => {
    expect((await run("--version")).output).toMatch(/^auteur v\d+\.\d+\.\d+\n$/)
  })
})
