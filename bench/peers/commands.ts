import { readFileSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { BenchError } from "../bench-error.ts"
import type { JobOf } from "./job.ts"

const root = fileURLToPath(new URL("../..", import.meta.url))

/** A command and the file that it writes. */
export interface VideoCommand {
  readonly command: ReadonlyArray<string>
  readonly file: string
}

/** The command that a person types, by the repository's own `start` script. */
export const auteurCommand = ({ prompts, seed, steps, guidance, video }: JobOf<"command">): VideoCommand => {
  const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: { start: string } }
  const [node, ...args] = scripts.start.split(" ")
  if (node !== "node") throw new BenchError(`The start script is "${scripts.start}", but it has to start with "node".`)
  const entry = args.map((arg) => (arg.startsWith("-") ? arg : join(root, arg)))
  const flags = ["--seed", String(seed), "--steps", String(steps), "--guidance", String(guidance)]
  const file = `${video}.mp4`
  return { command: [process.execPath, ...entry, prompts[0]!, ...flags, "-o", file], file }
}

/** The shortest program that does the same with diffusers. */
export const diffusersCommand = (
  { model, prompts, seed, steps, guidance, threads, video }: JobOf<"command">,
  python: string,
): VideoCommand => {
  const file = `${video}.npy`
  const values = [model, prompts[0]!, seed, steps, guidance, threads, file].map(String)
  return { command: [python, fileURLToPath(new URL("diffusers_generate.py", import.meta.url)), ...values], file }
}
