import { access, constants } from "node:fs/promises"
import { availableParallelism, cpus, totalmem } from "node:os"
import { generate } from "@auteur/core"
import { availableMemory, executionProviders } from "@auteur/engine/node"
import { defaultModel } from "@auteur/hub"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { checkFolder } from "./check-folder.ts"
import { modelLayer } from "./model-services.ts"
import { loadConfig } from "../plugins/load-config.ts"
import { version } from "../version.ts"

/** One thing that auteur needs, and how it stands with it here. */
export interface Finding {
  readonly name: string
  readonly value: string
  /** The problem and its fix. */
  readonly problem?: string | undefined
}

const leastBytes = 1e9

/** Looks at what auteur needs of this machine, and makes one small video without writing it. */
export const inspectMachine: (model?: string) => Effect.Effect<ReadonlyArray<Finding>> = Effect.fnUntraced(function* (
  model = defaultModel,
) {
  return [
    { name: "auteur", value: version },
    inspectRuntime(process.versions, process.platform, process.arch),
    { name: "processor", value: `${availableParallelism()} threads, ${cpus()[0]?.model ?? "of an unknown kind"}` },
    yield* inspectMemory,
    yield* inspectEngine,
    yield* inspectFolder(process.cwd()),
    ...(yield* inspectConfig),
    yield* inspectModel(model),
    yield* tryModel(model),
  ]
})

/** The oldest versions that auteur runs on, and how to get a newer one. Effect needs Node 22.19; before 22.18 it does not run TypeScript. */
const runtimes = [
  { key: "bun", name: "Bun", oldest: [1, 4], fix: "run `bun upgrade`" },
  { key: "deno", name: "Deno", oldest: [2, 9], fix: "run `deno upgrade`" },
  { key: "node", name: "Node", oldest: [22, 19], fix: "install it from nodejs.org" },
] as const

/** Bun and Deno also say which Node they are like. */
export const inspectRuntime = (
  versions: Readonly<Record<string, string | undefined>>,
  platform: string,
  arch: string,
): Finding => {
  const { key, name, oldest, fix } = runtimes.find(({ key }) => versions[key] !== undefined) ?? runtimes[2]
  const version = versions[key] ?? "of an unknown version"
  const value = `${name} ${version}, ${platform} ${arch}`
  const [major = 0, minor = 0] = version.split(".").map(Number)
  return major > oldest[0] || (major === oldest[0] && minor >= oldest[1])
    ? { name: "runtime", value }
    : { name: "runtime", value, problem: `${name} ${oldest.join(".")} or newer is needed: ${fix}.` }
}

const inspectMemory = Effect.sync(() => {
  const memoryBytes = availableMemory()
  const value = `${(memoryBytes / 1e9).toFixed(1)} GB free of ${(totalmem() / 1e9).toFixed(1)} GB`
  const finding: Finding =
    memoryBytes >= leastBytes
      ? { name: "memory", value }
      : { name: "memory", value, problem: "Even the bundled model needs 1 GB: close other programs." }
  return finding
})

const inspectEngine = Effect.match(executionProviders, {
  onSuccess: ({ version, providers }): Finding => {
    const names = (bundled: boolean) => providers.filter((each) => each.bundled === bundled).map(({ name }) => name)
    const others = names(false)
    const more = others.length === 0 ? "" : `; to be added: ${others.join(", ")}`
    return { name: "engine", value: `ONNX Runtime ${version}, providers ${names(true).join(", ")}${more}` }
  },
  onFailure: ({ message }): Finding => ({ name: "engine", value: "ONNX Runtime", problem: message }),
})

const inspectFolder = (path: string): Effect.Effect<Finding> =>
  Effect.match(
    Effect.tryPromise(() => access(path, constants.W_OK)),
    {
      onSuccess: (): Finding => ({ name: "folder", value: path }),
      onFailure: (): Finding => ({
        name: "folder",
        value: path,
        problem: "Videos cannot be written here: change the permissions, or name another place with -o.",
      }),
    },
  )

/** The config that commands in this folder read, where there is one. */
const inspectConfig: Effect.Effect<ReadonlyArray<Finding>> = Effect.match(loadConfig(), {
  onSuccess: (config): ReadonlyArray<Finding> => {
    if (config === undefined) return []
    const names = config.plugins.map(({ name }) => name)
    return [{ name: "config", value: `${config.path}, plugins ${names.length === 0 ? "none" : names.join(", ")}` }]
  },
  onFailure: ({ message }): ReadonlyArray<Finding> => [{ name: "config", value: "auteur.config", problem: message }],
})

const inspectModel = (model: string): Effect.Effect<Finding> =>
  Effect.match(checkFolder(model), {
    onSuccess: ({ path, problems }): Finding => ({ name: "model", value: path, problem: problems[0] }),
    onFailure: ({ message }): Finding => ({ name: "model", value: model, problem: message }),
  })

const tryModel = Effect.fnUntraced(function* (model: string) {
  const begin = yield* Clock.currentTimeMillis
  const request = { prompt: "a fox", seed: 0, steps: 1, guidanceScale: 1, frames: 1 }
  const made = yield* Stream.runDrain(generate(request)).pipe(
    Effect.provide(modelLayer({ model })),
    Effect.match({ onSuccess: () => undefined, onFailure: ({ message }) => message }),
  )
  const seconds = ((yield* Clock.currentTimeMillis) - begin) / 1000
  const finding: Finding = { name: "self-test", value: `one frame in ${seconds.toFixed(1)} s`, problem: made }
  return finding
})
