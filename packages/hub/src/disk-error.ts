import { HubError } from "./hub-error.ts"

/** Says why the cache cannot be read or written, and the mend. */
export const toHubError = (cache: string, cause: unknown): HubError => {
  const { code, message } = cause as NodeJS.ErrnoException
  // A mistake of this program is no fault of the disk.
  if (code === undefined) throw cause
  return new HubError({ reason: "disk", message: `${explain(code, cache)}.`, cause: message })
}

const explain = (code: string, cache: string): string => {
  switch (code) {
    case "ENOSPC":
    case "EDQUOT":
      return `The disk of the model cache ${cache} is full: free some space or set HF_HUB_CACHE to a folder on another disk, then go on with the same command`
    case "EFBIG":
      return `The disk of the model cache ${cache} takes no file of this size: set HF_HUB_CACHE to a folder on another disk`
    case "EACCES":
    case "EPERM":
    case "EROFS":
      return `The model cache ${cache} may not be written to: change its permissions or set HF_HUB_CACHE to another folder`
    case "ENOTDIR":
    case "EEXIST":
      return `The model cache ${cache} cannot be a folder, because a file is in its way: move the file or set HF_HUB_CACHE to another folder`
    default:
      return `The model cache ${cache} cannot be read or written (${code}): check the disk or set HF_HUB_CACHE to another folder`
  }
}
