import { execFile } from "node:child_process"
import { once } from "node:events"
import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { join } from "node:path"
import { promisify } from "node:util"
import { describe, expect, it } from "vitest"

const run = promisify(execFile)
const offline = join(import.meta.dirname, "../.ci/offline")

/** What a script prints that `.ci/offline` runs on Node. */
const runOffline = async (script: string): Promise<string> => {
  const { stdout } = await run(offline, [process.execPath, "--input-type=module", "--eval", script], {
    env: { ...process.env, HTTPS_PROXY: "http://127.0.0.1:1" },
  })
  return stdout.trim()
}

describe.runIf(process.platform !== "win32")(".ci/offline", () => {
  it("closes the registries of npm, Bun and Deno, and leaves no proxy", async () => {
    const names = ["npm_config_registry", "NPM_CONFIG_REGISTRY", "BUN_CONFIG_REGISTRY", "JSR_URL", "HTTPS_PROXY"]
    const printed = await runOffline(`for (const name of ${JSON.stringify(names)}) console.log(process.env[name])`)
    const closed = "http://127.0.0.1:9/"
    expect(printed.split("\n")).toEqual([closed, closed, closed, closed, "undefined"])
  })

  it("leaves the loopback to the tests' own servers", async () => {
    const printed = await runOffline(`
      import { createServer } from "node:http"
      const server = createServer((_, response) => response.end("here")).listen(0, "127.0.0.1", async () => {
        console.log(await (await fetch("http://127.0.0.1:" + server.address().port)).text())
        server.close()
      })`)
    expect(printed).toBe("here")
  })

  it("has a network of its own where Linux lets it", async ({ skip }) => {
    const made = await run(offline, ["true"])
    if (made.stderr !== "") skip(made.stderr)
    const server = createServer().listen(0, "127.0.0.1")
    await once(server, "listening")
    const { port } = server.address() as AddressInfo
    const printed = await runOffline(
      `console.log(await fetch("http://127.0.0.1:${port}").then(() => "reached", ({ cause }) => cause.code))`,
    )
    server.close()
    expect(printed).toBe("ECONNREFUSED")
  })

  it("ends with the exit code of the command", async () => {
    await expect(run(offline, ["sh", "-c", "exit 7"])).rejects.toMatchObject({ code: 7 })
  })
})
