import { createHash } from "node:crypto"
import { createServer, type IncomingMessage, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"

/** Answers one request for a file in place of the well-behaved answer. */
export type Behaviour = (request: IncomingMessage, response: ServerResponse, file: Uint8Array) => void

export interface HubServer {
  readonly url: string
  readonly commit: string
  readonly requests: ReadonlyArray<{ readonly url: string; readonly headers: IncomingMessage["headers"] }>
  /** How the next requests for an address that ends so are answered, one after the other. */
  readonly misbehave: (address: string, ...behaviours: ReadonlyArray<Behaviour>) => void
  readonly close: () => Promise<void>
}

export const repositoryId = "someone/tiny-video"
const commit = "0123456789abcdef0123456789abcdef01234567"

const isLarge = (bytes: Uint8Array): boolean => bytes.length > 10_000
export const hashOf = (bytes: Uint8Array): string =>
  isLarge(bytes)
    ? createHash("sha256").update(bytes).digest("hex")
    : createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex")

/** A server of one repository that answers as Hugging Face's does, with redirects for large files, ranges and pages. */
export const startHubServer = async (
  files: ReadonlyMap<string, Uint8Array>,
  listed: (entries: Array<Record<string, unknown>>) => Array<Record<string, unknown>> = (entries) => entries,
): Promise<HubServer> => {
  const requests: Array<HubServer["requests"][number]> = []
  const planned: Array<{ readonly address: string; readonly behaviours: Array<Behaviour> }> = []
  const tree = listed(
    [...files].map(([path, bytes]) => {
      const oid = createHash("sha1").update(path).digest("hex")
      return isLarge(bytes)
        ? {
            type: "file",
            path,
            size: bytes.length,
            oid,
            lfs: { oid: hashOf(bytes), size: bytes.length, pointerSize: 130 },
          }
        : { type: "file", path, size: bytes.length, oid: hashOf(bytes) }
    }),
  )
  const half = Math.ceil(tree.length / 2)

  const answer = (request: IncomingMessage, response: ServerResponse): void => {
    const { pathname, searchParams } = new URL(request.url!, "http://hub")
    const plan = planned.find(({ address, behaviours }) => pathname.endsWith(address) && behaviours.length > 0)
    const path = decodeURIComponent(/\/(?:resolve\/[0-9a-f]{40}|cdn)\/(.*)$/.exec(pathname)?.[1] ?? "")
    const file = files.get(path)
    if (plan !== undefined) return plan.behaviours.shift()!(request, response, file ?? new Uint8Array())
    const api = `/api/models/${repositoryId}`
    if (pathname === `${api}/revision/main` || pathname === `${api}/revision/${encodeURIComponent("refs/pr/1")}`) {
      return sendJson(response, { id: repositoryId, sha: commit })
    }
    if (pathname.startsWith(`${api}/revision/`))
      return status(404, { "x-error-code": "RevisionNotFound" })(request, response, new Uint8Array())
    if (pathname === `${api}/tree/${commit}`) {
      if (searchParams.get("cursor") === "2") return sendJson(response, tree.slice(half))
      response.setHeader("link", `<http://${request.headers.host}${request.url}&cursor=2>; rel="next"`)
      return sendJson(response, tree.slice(0, half))
    }
    if (
      file === undefined ||
      !(pathname.startsWith(`/${repositoryId}/resolve/${commit}/`) || pathname.startsWith("/cdn/"))
    ) {
      return status(404, { "x-error-code": "RepoNotFound" })(request, response, new Uint8Array())
    }
    if (isLarge(file) && !pathname.startsWith("/cdn/")) {
      response.setHeader("x-linked-etag", `"${hashOf(file)}"`)
      return redirectTo(`/cdn/${path}`)(request, response, file)
    }
    return serve(request, response, file)
  }

  const server = createServer((request, response) => {
    requests.push({ url: request.url!, headers: { ...request.headers } })
    answer(request, response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    commit,
    requests,
    misbehave: (address, ...behaviours) => planned.push({ address, behaviours: [...behaviours] }),
    close: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => {
        server.close(resolve)
      })
    },
  }
}

const sendJson = (response: ServerResponse, value: unknown): void => {
  response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(value))
}

const beginOf = (request: IncomingMessage): number =>
  Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0)

const writeHead = (request: IncomingMessage, response: ServerResponse, file: Uint8Array): Uint8Array => {
  const begin = beginOf(request)
  const headers = { etag: `"${hashOf(file)}"`, "x-repo-commit": commit, "content-length": file.length - begin }
  if (begin === 0) response.writeHead(200, headers)
  else response.writeHead(206, { ...headers, "content-range": `bytes ${begin}-${file.length - 1}/${file.length}` })
  return file.subarray(begin)
}

/** Answers well. */
export const serve: Behaviour = (request, response, file) => {
  if (request.headers.range !== undefined && beginOf(request) >= file.length) {
    response.writeHead(416, { "content-range": `bytes */${file.length}` }).end()
    return
  }
  response.end(writeHead(request, response, file))
}

/** Closes the connection after so many bytes, once they have had time to be read. */
export const breakOffAfter =
  (count: number): Behaviour =>
  (request, response, file) => {
    response.write(writeHead(request, response, file).subarray(0, count), () =>
      setTimeout(() => response.destroy(), 50),
    )
  }

/** Sends so many bytes and then nothing, leaving the connection open. */
export const fallSilentAfter =
  (count: number): Behaviour =>
  (request, response, file) => {
    response.write(writeHead(request, response, file).subarray(0, count))
  }

/** Sends other bytes of the same length. */
export const corrupt: Behaviour = (request, response, file) => {
  response.end(writeHead(request, response, file).map((byte) => byte ^ 1))
}

/** Sends the whole file, whatever part was asked for. */
export const ignoreRange: Behaviour = (request, response, file) => {
  delete request.headers.range
  serve(request, response, file)
}

/** Sends so many bytes more (or fewer) than the file has, without saying how many. */
export const sendOtherLength =
  (more: number): Behaviour =>
  (_request, response, file) => {
    response.writeHead(200)
    response.end(more < 0 ? file.subarray(0, file.length + more) : Buffer.concat([file, new Uint8Array(more)]))
  }

/** Announces and sends a file of another length. */
export const announceOtherLength: Behaviour = (_request, response, file) => {
  response.writeHead(200, { "content-length": file.length + 7 }).end(Buffer.concat([file, new Uint8Array(7)]))
}

/** Says that it sends what was asked for, but sends the part one byte further on. */
export const sendOtherPart: Behaviour = (request, response, file) => {
  const begin = beginOf(request) + 1
  response.writeHead(206, { "content-range": `bytes ${begin}-${file.length - 1}/${file.length}` })
  response.end(file.subarray(begin))
}

export const status =
  (code: number, headers: Readonly<Record<string, string>> = {}): Behaviour =>
  (_request, response) => {
    response.writeHead(code, headers).end(`{"error":"status ${code}"}`)
  }

export const redirectTo =
  (location: string): Behaviour =>
  (_request, response) => {
    response.writeHead(302, { location }).end("Found")
  }
