import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { Environment } from "../cache/settings.ts"
import { HubError } from "../hub-error.ts"

export interface ProxiedFetch {
  readonly fetch: typeof globalThis.fetch
  /** The variable that names a proxy, with its value but for a password: for messages. */
  readonly proxy: string | undefined
}

/**
 * The web's `fetch` through the proxies that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name, in capitals or not.
 *
 * Bun and Deno follow these variables by themselves, Node does not.
 */
export const openFetch: (env: Environment) => Effect.Effect<ProxiedFetch, HubError, Scope.Scope> = Effect.fnUntraced(
  function* (env) {
    const all = firstOf(env, "ALL_PROXY")
    const [https, http] = [firstOf(env, "HTTPS_PROXY") ?? all, firstOf(env, "HTTP_PROXY") ?? all]
    const named = https ?? http
    if (named === undefined) return { fetch: globalThis.fetch, proxy: undefined }
    const httpsProxy = https === undefined ? "" : yield* addressOf(https)
    const httpProxy = http === undefined ? "" : yield* addressOf(http)
    const proxy = `${named.name} (${(httpsProxy || httpProxy).replace(/\/\/[^/@]*@/, "//").replace(/\/$/, "")})`
    if (process.versions["bun"] !== undefined || process.versions["deno"] !== undefined) {
      return { fetch: globalThis.fetch, proxy }
    }
    const { EnvHttpProxyAgent, fetch } = yield* Effect.promise(() => import("undici"))
    const dispatcher = yield* Effect.acquireRelease(
      Effect.sync(
        () => new EnvHttpProxyAgent({ httpProxy, httpsProxy, noProxy: firstOf(env, "NO_PROXY")?.value ?? "" }),
      ),
      (agent) => Effect.promise(() => agent.destroy()),
    )
    const proxied = (input: string, init: object) => fetch(input, { ...init, dispatcher })
    return { fetch: proxied as unknown as typeof globalThis.fetch, proxy }
  },
)

interface Variable {
  readonly name: string
  readonly value: string
}

const firstOf = (env: Environment, name: string): Variable | undefined => {
  for (const each of [name.toLowerCase(), name]) {
    const value = env[each]?.trim()
    if (value) return { name: each, value }
  }
  return undefined
}

/** The address of a proxy: `proxy:3128` is one of HTTP, and `socks5h` that of a SOCKS proxy which looks names up itself. */
const addressOf = ({ name, value }: Variable): Effect.Effect<string, HubError> => {
  const url = URL.parse(value.includes("://") ? value.replace(/^socks5h:/, "socks5:") : `http://${value}`)
  if (url !== null && /^(https?|socks5):$/.test(url.protocol)) return Effect.succeed(url.href)
  return Effect.fail(
    new HubError({
      reason: "name",
      message: `${name} is ${JSON.stringify(value)}, which is not the address of a proxy: set it to one such as http://proxy:3128, or unset it.`,
    }),
  )
}
