import { createHash } from "node:crypto"
import { readdirSync, readFileSync, statSync } from "node:fs"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"

const commit = "0123456789abcdef0123456789abcdef01234567"

/** Serves a model folder as Hugging Face would serve the repository `someone/tiny`. */
export const startModelServer = async (folder: string): Promise<{ url: string; close: () => void }> => {
  const files = new Map(
    readdirSync(folder, { recursive: true, encoding: "utf8" })
      .filter((name) => statSync(join(folder, name)).isFile())
      .map((name) => [name, readFileSync(join(folder, name))] as const),
  )
  const entries = [...files].map(([path, bytes]) => ({
    type: "file",
    path,
    size: bytes.length,
    oid: createHash("sha1").update(`blob ${bytes.length}\0`).update(bytes).digest("hex"),
  }))
  const server = createServer(({ url = "" }, response) => {
    const path = new URL(url, "http://hub").pathname
    const file = files.get(path.replace(`/someone/tiny/resolve/${commit}/`, ""))
    if (path === "/api/models/someone/tiny/revision/main") response.end(JSON.stringify({ sha: commit }))
    else if (path === `/api/models/someone/tiny/tree/${commit}`) response.end(JSON.stringify(entries))
    else if (file !== undefined) response.writeHead(200, { "content-length": file.length }).end(file)
    else response.writeHead(404, { "x-error-code": "RepoNotFound" }).end()
  })
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve)
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close: () => server.close() }
}
