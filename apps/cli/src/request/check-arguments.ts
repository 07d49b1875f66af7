import { cacheNames, nearestNames } from "auteur/effect"
import { type CommandError, usageError } from "../process/command-error.ts"
import { shorten } from "../terminal/visible-text.ts"

/** The commands and the flags that there are: long names without their dashes, and single letters. */
export interface KnownNames {
  readonly commands: ReadonlyArray<string>
  readonly flags: ReadonlyArray<string>
  readonly letters: ReadonlyArray<string>
}

type Environment = Readonly<Record<string, string | undefined>>

/** Explains words that a shell, npm or a slip of the hand has made something else of than was meant; undefined where all is well. */
export const checkArguments = (
  args: ReadonlyArray<string>,
  names: KnownNames,
  environment: Environment,
): CommandError | undefined =>
  keptByNpm(args, names, environment) ?? mistypedCommand(args, names) ?? oddDash(args, names)

/** `npm start "a fox" --seed 7`: without `--`, npm takes the flags for settings of its own and passes on what is left. */
const keptByNpm = (
  args: ReadonlyArray<string>,
  { flags, letters }: KnownNames,
  environment: Environment,
): CommandError | undefined => {
  if (environment["npm_lifecycle_event"] !== "start") return undefined
  const isPassed = (name: string) => args.some((arg) => arg === name || arg.startsWith(`${name}=`))
  const kept = [
    ...flags.filter((name) => !npmOwn.has(name)).map((name) => [name, `--${name}`] as const),
    ...letters.filter((letter) => letter !== "n").map((letter) => [letter, `-${letter}`] as const),
  ].flatMap(([name, flag]) =>
    environment[`npm_config_${name.replaceAll("-", "_")}`] === undefined || isPassed(flag) ? [] : [flag],
  )
  // npm makes a folder of its own cache of the name of ours.
  if (cacheNames.some((name) => new RegExp(`[/\\\\]${name}$`).test(environment["npm_config_cache"] ?? "")))
    kept.push("--cache")
  if (kept.length === 0) return undefined
  const quoted =
    environment["PSModulePath"] === undefined ? "" : ` In PowerShell, quote them: npm start '--' "a fox runs" --seed 7.`
  return usageError(
    `npm kept ${kept.join(", ")} for itself: write -- before the prompt and the flags, as in npm start -- "a fox runs" --seed 7.${quoted}`,
  )
}

/** Settings that npm always passes on, or that mean the same to it. */
const npmOwn = new Set(["cache", "quiet", "version", "help"])

/** A single word that is nearly a command is more likely one that was mistyped than a prompt. */
const mistypedCommand = (args: ReadonlyArray<string>, { commands }: KnownNames): CommandError | undefined => {
  const [first = ""] = args
  if (/\s/.test(first) || first.startsWith("-") || commands.includes(first)) return undefined
  const [near] = nearestNames(first, commands)
  if (near === undefined) return undefined
  return usageError(
    `There is no command "${first}": did you mean ${near}? If it is a prompt, write auteur generate "${first}".`,
  )
}

const number = /^-(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i

/** A prompt, a value or a flag that begins with the wrong dash. */
const oddDash = (args: ReadonlyArray<string>, { flags, letters }: KnownNames): CommandError | undefined => {
  const end = args.indexOf("--")
  for (const [index, arg] of (end < 0 ? args : args.slice(0, end)).entries()) {
    const long = /^[–—−](?<name>[\p{Letter}-]+)/u.exec(arg)?.groups?.["name"]?.replace(/^-/, "")
    if (long !== undefined && [...flags, ...letters].includes(long)) {
      const flag = long.length === 1 ? `-${long}` : `--${long}`
      return usageError(`"${shorten(arg)}" begins with a long dash: write ${flag}, with plain hyphens.`)
    }
    if (!isMisread(arg, letters)) continue
    if (flags.includes(arg.slice(1))) return usageError(`"${arg}" has one hyphen: write -${arg}, with two hyphens.`)
    const before = args[index - 1]
    if (before?.startsWith("--") && flags.includes(before.slice(2))) {
      return usageError(`A value that begins with a hyphen needs an equals sign: ${before}=${shorten(arg)}`)
    }
    return usageError(
      `"${shorten(arg)}" begins with a hyphen and would be read as flags: for a prompt, write auteur -- ${JSON.stringify(shorten(arg))}; for a file, ./${shorten(arg)}`,
    )
  }
  return undefined
}

/** Whether the parser would take a text for flags that nobody can have meant. */
const isMisread = (arg: string, letters: ReadonlyArray<string>): boolean => {
  if (!arg.startsWith("-") || arg === "-" || number.test(arg)) return false
  const [name = ""] = arg.split("=")
  if (name.startsWith("--")) return /\s/.test(name)
  return ![...name].slice(1).every((letter) => letters.includes(letter))
}
