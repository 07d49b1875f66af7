import { readFile } from "node:fs/promises"
import { homedir } from "node:os"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import { HubError } from "../hub-error.ts"

/** The environment variables that the Hugging Face tools share. */
export type Environment = Readonly<Record<string, string | undefined>>

export interface Settings {
  /** The server's address without a slash at the end (`HF_ENDPOINT`). */
  readonly endpoint: string
  /** The cache of downloaded repositories (`HF_HUB_CACHE`, `HF_HOME`, `XDG_CACHE_HOME`). */
  readonly cache: string
  /** `HF_HUB_OFFLINE`: nothing may be fetched. */
  readonly offline: boolean
  /** `HF_TOKEN`, or the file where `hf auth login` keeps it. */
  readonly token: string | undefined
  /** The variable or the file that the token is from, for messages. */
  readonly tokenFrom: string
}

const expandHome = (path: string): string => (/^~(?=$|[/\\])/.test(path) ? join(homedir(), path.slice(1)) : path)

const home = (env: Environment): string =>
  expandHome(env["HF_HOME"] || join(env["XDG_CACHE_HOME"] || join(homedir(), ".cache"), "huggingface"))

/** The folder where the Hugging Face tools keep what they have downloaded. */
export const cacheFolder = (env: Environment): string =>
  expandHome(env["HF_HUB_CACHE"] || env["HUGGINGFACE_HUB_CACHE"] || join(home(env), "hub"))

/** Reads the settings that the Hugging Face tools share; a `HubError` names a variable that cannot be used. */
export const readSettings: (env: Environment) => Effect.Effect<Settings, HubError> = Effect.fnUntraced(function* (env) {
  const address = env["HF_ENDPOINT"] || "https://huggingface.co"
  const endpoint = URL.parse(address)
  if (endpoint === null || !/^https?:$/.test(endpoint.protocol)) {
    return yield* new HubError({
      reason: "name",
      message: `HF_ENDPOINT is ${JSON.stringify(address)}, which is not an address: set it to one such as https://huggingface.co, or unset it.`,
    })
  }
  const { token, tokenFrom } = yield* readToken(env)
  // A header cannot carry anything else, and `fetch` would put the token into its error message.
  if (token !== undefined && !/^[\x21-\x7e]+$/.test(token)) {
    return yield* new HubError({
      reason: "unauthorized",
      message: `The Hugging Face token in ${tokenFrom} holds a space or a character beyond ASCII: set HF_TOKEN to the token alone.`,
    })
  }
  const offline = /^(1|on|yes|true)$/i.test(env["HF_HUB_OFFLINE"] ?? "")
  return { endpoint: address.replace(/\/+$/, ""), cache: cacheFolder(env), offline, token, tokenFrom }
})

const readToken: (env: Environment) => Effect.Effect<Pick<Settings, "token" | "tokenFrom">, HubError> =
  Effect.fnUntraced(function* (env) {
    for (const name of ["HF_TOKEN", "HUGGING_FACE_HUB_TOKEN"]) {
      const token = env[name]?.trim()
      if (token) return { token, tokenFrom: name }
    }
    const path = expandHome(env["HF_TOKEN_PATH"] || join(home(env), "token"))
    const text = yield* Effect.tryPromise({
      try: () =>
        readFile(path, "utf8").catch((cause: NodeJS.ErrnoException) => {
          if (cause.code === "ENOENT" || cause.code === "ENOTDIR") return ""
          throw cause
        }),
      catch: (cause) =>
        new HubError({
          reason: "unauthorized",
          message: `The Hugging Face token in ${path} cannot be read (${(cause as NodeJS.ErrnoException).code}): give it read permission, or set HF_TOKEN.`,
        }),
    })
    return { token: text.trim() || undefined, tokenFrom: path }
  })
