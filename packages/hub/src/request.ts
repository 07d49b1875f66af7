import { HubError, TransferFault } from "./hub-error.ts"
import type { Source } from "./source.ts"

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>
  /** What is asked for, as messages name it. */
  readonly what: string
  readonly signal: AbortSignal
  /** Statuses beside 200 and 206 that the caller reads itself. */
  readonly accept?: ReadonlyArray<number>
}

export interface Answer {
  readonly response: Response
  /** Hands over the body piece by piece. */
  readonly read: (onBytes: (bytes: Uint8Array) => void | Promise<void>) => Promise<void>
}

const maxRedirects = 10
const maxWait = 5 * 60_000

/**
 * Asks for an address and lets `use` read the answer; the connection is closed when `use` ends.
 *
 * Redirects are followed by hand, because the token belongs to the endpoint's origin alone.
 * Rejects with a `HubError`, or with a `TransferFault` where trying again may help.
 */
export const request = async <A>(
  source: Source,
  address: string,
  options: RequestOptions,
  use: (answer: Answer) => Promise<A>,
): Promise<A> => {
  const silence = new AbortController()
  const signal = AbortSignal.any([options.signal, silence.signal])
  const waitFor = async <B>(origin: string, bytes: Promise<B>): Promise<B> => {
    const timer = setTimeout(() => silence.abort(), source.stall)
    try {
      return await bytes
    } catch (cause) {
      if (options.signal.aborted) throw cause
      throw new TransferFault({
        reason: "unreachable",
        message: silence.signal.aborted
          ? `${origin} sent nothing for ${source.stall / 1000} seconds while fetching ${options.what}: check the network, then try again.`
          : `${origin} broke off or cannot be reached (${faultCode(cause)}) while fetching ${options.what}: check the network and HF_ENDPOINT, then try again.`,
      })
    } finally {
      clearTimeout(timer)
    }
  }

  const home = new URL(source.endpoint).origin
  let url = new URL(address)
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const headers = new Headers({ "user-agent": "auteur", "accept-encoding": "identity", ...options.headers })
    if (source.token !== undefined && url.origin === home) headers.set("authorization", `Bearer ${source.token}`)
    const { origin } = url
    const response = await waitFor(origin, fetch(url, { headers, redirect: "manual", signal }))
    const reader = response.body?.getReader()
    try {
      const location = response.status >= 300 && response.status < 400 ? response.headers.get("location") : null
      if (location !== null) {
        url = redirected(url, location, options.what)
        continue
      }
      if (response.status !== 200 && response.status !== 206 && options.accept?.includes(response.status) !== true) {
        throw statusError(source, origin, response, options.what)
      }
      const read: Answer["read"] = async (onBytes) => {
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
    return source.refusal(status, headers.get("x-error-code"), what)
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

// `fetch` and its bodies reject with an error whose cause is the socket's.
const faultCode = (error: unknown): string => {
  const { cause, message } = error as Error
  return (cause as NodeJS.ErrnoException | undefined)?.code ?? (error as NodeJS.ErrnoException).code ?? message
}
