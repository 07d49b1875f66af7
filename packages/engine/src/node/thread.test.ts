import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { expect, it } from "vitest"

/** The output of a program; rejects where it ends with another code than 0. */
const run = async (script: URL, ...args: ReadonlyArray<string>): Promise<string> =>
  (await promisify(execFile)(process.execPath, [fileURLToPath(script), ...args])).stdout

it("a process ends by itself with an engine that nobody closed", async () => {
  expect(await run(new URL("../../test/forgotten-engine.ts", import.meta.url))).toBe("6 8\n")
})

it("an engine that is closed in the middle of a forward does not take the process with it", async () => {
  expect(await run(new URL("../../test/closed-while-busy.ts", import.meta.url))).toBe("closed\n")
})

it("threads that are closed, or left alone, while they load do not take the process with them", async () => {
  expect(await run(new URL("../../test/closed-while-loading.ts", import.meta.url), "20")).toBe("loaded\nclosed\n")
  expect(await run(new URL("../../test/ended-while-loading.ts", import.meta.url))).toBe("end\nloaded\n")
})

// The limit of open files is set by a shell.
it.skipIf(process.platform === "win32")("a thread that may open no more files says so", async () => {
  const path = fileURLToPath(new URL("../../test/no-more-files.ts", import.meta.url))
  const { stdout } = await promisify(execFile)("sh", ["-c", 'ulimit -n 100; exec "$0" "$1"', process.execPath, path])
  expect(stdout).toBe(
    'The engine could not run "affine 1", as this process may not open more files: raise the limit (`ulimit -n`).\n',
  )
})
