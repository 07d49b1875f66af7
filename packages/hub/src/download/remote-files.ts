import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { isCommit, isSafePath } from "../cache/repository.ts"
import { HubError, TransferFault } from "../hub-error.ts"
import { request } from "./request.ts"
import { retrying, type Source } from "./source.ts"

/** A file of a repository, with what its bytes must hash to. */
export interface RemoteFile {
  /** Below the repository, with slashes. */
  readonly path: string
  readonly size: number
  readonly algorithm: "sha256" | "git-sha1"
  /** In hexadecimal; also the name of its blob in the cache. */
  readonly hash: string
}

/** The files of one commit, by path. */
export interface Listing {
  readonly commit: string
  readonly files: ReadonlyMap<string, RemoteFile>
  /** Paths that cannot be stored safely: only a file that is needed may stop a pull. */
  readonly unsafe: ReadonlySet<string>
}

const Size = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const Entry = Schema.Struct({
  type: Schema.String,
  path: Schema.String,
  size: Schema.optionalKey(Size),
  oid: Schema.optionalKey(Schema.String),
  lfs: Schema.optional(Schema.NullOr(Schema.Struct({ oid: Schema.String, size: Size }))),
})
const Info = Schema.Struct({ sha: Schema.String.check(Schema.isPattern(/^[0-9a-f]{40}$/)) })
const Page = Schema.Array(Entry)

const maxReplyBytes = 32 * 2 ** 20
const maxPages = 100

/** Requests from the server which commit the revision stands for and which files it has. */
export const listRemoteFiles: (source: Source) => Effect.Effect<Listing, HubError> = Effect.fnUntraced(
  function* (source) {
    const { endpoint, repository } = source
    const { id, revision } = repository
    const api = `${endpoint}/api/models/${id}`
    const what = `the model ${id}`
    const commit = isCommit(revision)
      ? revision
      : (yield* getJson(source, `${api}/revision/${encodeURIComponent(revision)}`, what, Info)).value.sha
    const files = new Map<string, RemoteFile>()
    const unsafe = new Set<string>()
    let next: string | undefined = `${api}/tree/${commit}?recursive=true`
    for (let page = 0; next !== undefined; page++) {
      if (page === maxPages) return yield* unusable(source, `lists files without end`)
      const reply: { readonly value: typeof Page.Type; readonly next: string | undefined } = yield* getJson(
        source,
        next,
        `the list of files of ${id}`,
        Page,
      )
      for (const entry of reply.value) {
        if (entry.type !== "file") continue
        const file = toRemoteFile(entry)
        if (file !== undefined) files.set(file.path, file)
        // Git holds no such names: the server is not one of Hugging Face's.
        else if (/^\/|(^|\/)\.{0,2}(\/|$)/.test(entry.path)) return yield* unsafeFile(source, entry.path)
        else unsafe.add(entry.path)
      }
      next = reply.next
    }
    return { commit, files, unsafe }
  },
)

/** Says that a file that a server lists has no name or hash that the cache may use. */
export const unsafeFile = (source: Source, path: string): HubError =>
  unusable(source, `lists a file ${JSON.stringify(path)} that cannot be stored safely`)

const unusable = ({ endpoint, repository }: Source, problem: string): HubError =>
  new HubError({
    reason: "damaged",
    message: `${endpoint} ${problem} (${repository.id}): nothing more of it is fetched; check HF_ENDPOINT, or tell the owner of the model.`,
  })

/** A path or a hash of a hostile server would name a file outside of the cache. */
const toRemoteFile = ({ path, size, oid, lfs }: typeof Entry.Type): RemoteFile | undefined => {
  if (!isSafePath(path)) return undefined
  if (lfs) {
    const hash = lfs.oid.replace(/^sha256:/, "")
    return /^[0-9a-f]{64}$/.test(hash) ? { path, size: lfs.size, algorithm: "sha256", hash } : undefined
  }
  if (size === undefined || oid === undefined || !/^[0-9a-f]{40}$/.test(oid)) return undefined
  return { path, size, algorithm: "git-sha1", hash: oid }
}

/** The decoded reply, and the address of the next page where there is one. */
const getJson = <A>(source: Source, address: string, what: string, schema: Schema.Codec<A, unknown>) =>
  Effect.tryPromise({
    try: (signal) =>
      request(source, address, { what, signal }, async ({ response, read }) => {
        const decoder = new TextDecoder()
        let text = ""
        let length = 0
        await read((bytes) => {
          length += bytes.length
          if (length > maxReplyBytes) throw unusable(source, `answers ${what} with more than ${maxReplyBytes} bytes`)
          text += decoder.decode(bytes, { stream: true })
        })
        try {
          return {
            value: Schema.decodeUnknownSync(schema)(JSON.parse(text)),
            next: nextPage(response.headers.get("link"), address),
          }
        } catch {
          throw new HubError({
            reason: "damaged",
            message: `${source.endpoint} answered ${what} in a form that no Hugging Face server does: check HF_ENDPOINT.`,
          })
        }
      }),
    catch: (cause) => {
      if (cause instanceof HubError || cause instanceof TransferFault) return cause
      throw cause
    },
  }).pipe(retrying(source))

const nextPage = (link: string | null, address: string): string | undefined => {
  const next = /<([^>]*)>\s*;\s*rel="?next"?/.exec(link ?? "")?.[1]
  return next === undefined ? undefined : URL.parse(next, address)?.href
}
