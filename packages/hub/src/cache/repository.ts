/** A model on Hugging Face, and which state of it. */
export interface Repository {
  /** `org/name`. */
  readonly id: string
  /** A branch, a tag or a commit. */
  readonly revision: string
}

// The rules of the Hugging Face Hub itself; they also keep a name from leaving the cache's folder.
const part = /^[A-Za-z0-9_](?:[\w.-]{0,94}[A-Za-z0-9_])?$/
const isPart = (text: string): boolean => part.test(text) && !text.includes("--") && !text.includes("..")

/** Whether a text can be the name of a branch, a tag or a commit, and a path below a folder of refs. */
export const isRevision = (text: string): boolean =>
  text.length <= 200 &&
  text
    .split("/")
    .every((segment) => /^[\w][\w.+-]*$/.test(segment) && !segment.includes("..") && !/\.(lock)?$/.test(segment))

/** A full commit, which never changes its content. */
export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text)

/** Reads `org/name` or `org/name@revision`; nothing when the text is neither. */
export const parseRepository = (text: string): Repository | undefined => {
  const at = text.indexOf("@")
  const id = at < 0 ? text : text.slice(0, at)
  const revision = at < 0 ? "main" : text.slice(at + 1)
  const parts = id.split("/")
  if (parts.length !== 2 || !parts.every(isPart) || id.endsWith(".git") || !isRevision(revision)) return undefined
  return { id, revision }
}

/** Reads `org/name/FILE.safetensors`, where the file may lie in folders, or the same `@revision`; nothing when the text is neither. */
export const parseRepositoryFile = (
  text: string,
): { readonly repository: Repository; readonly file: string } | undefined => {
  const [, id, file, revision = ""] = /^([^/@]+\/[^/@]+)\/([^@]+\.safetensors)(@.*)?$/.exec(text) ?? []
  const repository = id === undefined ? undefined : parseRepository(id + revision)
  return repository === undefined || !isSafePath(file!) ? undefined : { repository, file: file! }
}

/** The name as a person types it, with the file that is meant where it is one. */
export const formatRepository = ({ id, revision }: Repository, file?: string): string =>
  `${id}${file === undefined ? "" : `/${file}`}${revision === "main" ? "" : `@${revision}`}`

/** Whether a path stays below its folder on every operating system. */
export const isSafePath = (path: string): boolean =>
  // oxlint-disable-next-line eslint/no-control-regex -- control characters are what is refused
  !/[\\:\u0000-\u001f]/.test(path) && path.split("/").every((part) => part !== "" && part !== "." && part !== "..")
