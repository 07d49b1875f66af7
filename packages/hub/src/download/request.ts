import { nearestNames } from "../nearest-names.ts"
import { HubError, TransferFault } from "../hub-error.ts"
import type { Source } from "./source.ts"

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** The thing that is requested, as messages name it. */
  readonly what: string
  readonly signal: AbortSignal
  /** Statuses beside 200 and 206 that the caller reads itself. */
  readonly accept?: ReadonlyArray<number>
}

export interface Reply {
  readonly response: Response
  /** Hands over the body chunk by chunk. */
  readonly read: (onBytes: (bytes: Uint8Array) => void | Promise<void>) => Promise<void>
}

const maxRedirects = 10
const maxWait = 5 * 60_000

/**
 * Requests an address and lets `use` read the reply; the connection is closed when `use` ends.
 *
 * Redirects are followed by hand, because the token belongs to the endpoint's origin alone; one that the server does not accept is left
 * out from then on, as public models need none. Rejects with a `HubError`, or with a `TransferFault` where trying again may help.
 */
export const request = async <A>(
  source: Source,
  address: string,
  options: RequestOptions,
  use: (reply: Reply) => Promise<A>,
): Promise<A> => {
  const silence = new AbortController()
  const signal = AbortSignal.any([options.signal, silence.signal])
  const waitFor = async <B>(origin: string, bytes: Promise<B>): Promise<B> => {
    const timer = setTimeout(() => silence.abort(), source.stall)
    try {
      return await bytes
    } catch (cause) {
      if (options.signal.aborted) throw cause
      if (!silence.signal.aborted) throw connectionFault(source, origin, options.what, cause)
      throw new TransferFault({
        reason: "unreachable",
        message: `${origin} sent nothing for ${source.stall / 1000} seconds while fetching ${options.what}: check the network, then try again.`,
      })
    } finally {
      clearTimeout(timer)
    }
  }

  const home = new URL(source.endpoint).origin
  let url = new URL(address)
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const headers = new Headers({ "user-agent": "auteur", "accept-encoding": "identity", ...options.headers })
    const token = url.origin === home && !source.state.isTokenRefused ? source.token : undefined
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`)
    const { origin } = url
    const response = await waitFor(origin, source.fetch(url, { headers, redirect: "manual", signal }))
    source.state.isReached = true
    const reader = response.body?.getReader()
    try {
      const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null
      if (location !== null) {
        url = redirected(url, location, options.what)
        continue
      }
      if (response.status === 401 && token !== undefined && response.headers.get("x-error-code") !== "GatedRepo") {
        source.state.isTokenRefused = true
        continue
      }
      if (response.status !== 200 && response.status !== 206 && options.accept?.includes(response.status) !== true) {
        throw statusError(source, origin, response, options.what)
      }
      const read: Reply["read"] = async (onBytes) => {
        if (reader === undefined) return
        for (;;) {
          const { done, value } = await waitFor(origin, reader.read())
          if (done) return
          await onBytes(value)
        }
      }
      return await use({ response, read })
    } finally {
      await reader?.cancel().catch(() => undefined)
    }
  }
  throw new HubError({
    reason: "damaged",
    message: `${home} redirects ${options.what} more than ${maxRedirects} times: check HF_ENDPOINT.`,
  })
}

const connectionFault = (source: Source, origin: string, what: string, cause: unknown): HubError | TransferFault => {
  const code = faultCode(cause)
  const settings = source.proxy === undefined ? "HF_ENDPOINT" : `HF_ENDPOINT and ${source.proxy}`
  const problem = `${origin} broke off or cannot be reached (${code}) while fetching ${what}`
  if (/CERT|SIGNATURE|ERR_TLS/.test(code)) {
    return new HubError({
      reason: "unreachable",
      message: `${problem}: its certificate is not trusted here; where a company's proxy signs for it, set NODE_EXTRA_CA_CERTS to the proxy's certificate.`,
    })
  }
  // Ports that no web server has are refused by `fetch` itself.
  if (code === "bad port") {
    return new HubError({ reason: "unreachable", message: `${problem}: set HF_ENDPOINT to another port.` })
  }
  return new TransferFault({
    reason: "unreachable",
    message: `${problem}: check the network and ${settings}, then try again.`,
    isUnreached: !source.state.isReached,
  })
}

// `fetch` and its bodies reject with an error whose cause is the socket's, or several where a name has several addresses.
const faultCode = (error: unknown): string => {
  const { cause, code, message } = error as Error & { readonly cause?: unknown; readonly code?: unknown }
  if (cause instanceof Error) return faultCode(cause)
  if (typeof code === "string" && code !== "" && !code.startsWith("UND_ERR")) return code
  return message.replace(/\.$/, "")
}

const redirected = (from: URL, location: string, what: string): URL => {
  const next = URL.parse(location, from)
  if (next !== null && (next.protocol === "https:" || next.protocol === from.protocol)) return next
  throw new HubError({
    reason: "damaged",
    message: `${from.origin} redirects ${what} to ${JSON.stringify(location)}, which is not as safe an address: check HF_ENDPOINT.`,
  })
}

const statusError = (source: Source, origin: string, response: Response, what: string): HubError | TransferFault => {
  const { status, headers } = response
  if (status === 401 || status === 403 || status === 404) {
    return noAccess(source, status, headers.get("x-error-code"), what)
  }
  const limit =
    status === 429
      ? `${origin} gets too many requests from here (status 429; with HF_TOKEN set, more are allowed)`
      : undefined
  const problem = limit ?? `${origin} answered status ${status} to ${what}`
  if (limit === undefined && status !== 408 && status !== 425 && status < 500) {
    return new HubError({
      reason: "unreachable",
      message: `${problem}, which no Hugging Face server does: check HF_ENDPOINT.`,
    })
  }
  const wait = parseRetryAfter(headers.get("retry-after"))
  if (wait === undefined) return new TransferFault({ reason: "unreachable", message: `${problem}: try again later.` })
  if (wait <= maxWait) {
    return new TransferFault({ reason: "unreachable", message: `${problem}: try again later.`, retryAfter: wait })
  }
  return new HubError({
    reason: "unreachable",
    message: `${problem} and asks to wait: try again in ${Math.ceil(wait / 60_000)} minutes.`,
  })
}

/** Milliseconds from a `Retry-After` header: seconds or a date. */
const parseRetryAfter = (header: string | null): number | undefined => {
  if (header === null) return undefined
  if (/^\d+$/.test(header)) return Number(header) * 1000
  const date = Date.parse(header)
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now())
}

/** Says why a server does not give out a part of a repository (status 401, 403 or 404), and what to do. */
const noAccess = (source: Source, status: number, code: string | null, what: string): HubError => {
  const { endpoint, token, tokenFrom, state, known } = source
  const { id, revision } = source.repository
  const page = `${endpoint}/${id}`
  const near = nearestNames(id, known).filter((name) => name !== id)
  const spelling = near.length === 0 ? "check its spelling" : `near are ${near.join(", ")}`
  if (status === 404) {
    const message =
      code === "RevisionNotFound"
        ? `${id} has no revision "${revision}" at ${endpoint}: see ${page}/commits for those it has.`
        : code === "EntryNotFound"
          ? `${endpoint} lists ${what} but does not have it: try again, or tell the owner of ${page}.`
          : `There is no model ${id} at ${endpoint} (${spelling}), or this account may not see it.`
    return new HubError({ reason: "not-found", message })
  }
  if (token !== undefined && state.isTokenRefused) {
    return new HubError({
      reason: "unauthorized",
      message: `The token in ${tokenFrom} is not valid, and without one ${endpoint} does not give out ${what} (status ${status}): make a new token at ${endpoint}/settings/tokens, or check the spelling of ${id}.`,
    })
  }
  const fix =
    token !== undefined
      ? `accept its licence at ${page} with the account that the token in ${tokenFrom} belongs to`
      : `set HF_TOKEN to a token of an account that has accepted its licence at ${page}`
  // The server says 401, not 404, to strangers who ask for what does not exist.
  const message =
    status === 401 && code !== "GatedRepo"
      ? `${endpoint} does not give out ${what} (status 401): either there is no such model (${spelling}), or it is a closed one; then ${fix}.`
      : `${endpoint} does not give out ${what} (status ${status}): ${fix}.`
  return new HubError({ reason: "unauthorized", message })
}
