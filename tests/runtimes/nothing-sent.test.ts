import { spawnSync } from "node:child_process"
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises"
import { createServer, type Server } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect, it } from "vitest"
import { bun, deno, type InstalledRuntime, node } from "./installed.ts"
import { type Ended, runProgram } from "./run.ts"

const main = join(import.meta.dirname, "../../apps/cli/src/main.ts")
const runGraph = join(import.meta.dirname, "run-graph.ts")
const hasStrace = spawnSync("strace", ["-f", "true"]).status === 0

let folder = ""
let proxy: Server
/** The hosts that programs wanted to reach through the proxy. */
const reached: Array<string> = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "auteur-nothing-sent-"))
  proxy = createServer((socket) => {
    socket.on("data", (bytes) => {
      reached.push(bytes.toString().split("\r\n", 1)[0]!)
      socket.destroy()
    })
    socket.on("error", () => {})
  })
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve))
})
afterAll(async () => {
  proxy.close()
  await rm(folder, { recursive: true })
})

/** A run in folders of its own: what it printed, the files it left behind, and where its sockets went. */
interface Watched extends Ended {
  readonly files: ReadonlyArray<string>
  readonly connections: ReadonlyArray<string>
}

const watch = async (
  { name, program, before }: InstalledRuntime,
  words: ReadonlyArray<string>,
  place: string,
  home?: string,
): Promise<Watched> => {
  const root = join(folder, place)
  const folders = Object.fromEntries(["cwd", "home", "cache", "tmp"].map((own) => [own, join(root, own)]))
  await Promise.all(Object.values(folders).map((own) => mkdir(own, { recursive: true })))
  const { port } = proxy.address() as { port: number }
  const proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"]
  const env = {
    ...Object.fromEntries(proxies.map((variable) => [variable, `http://127.0.0.1:${port}`])),
    HOME: home ?? folders["home"]!,
    XDG_CACHE_HOME: home ?? folders["cache"]!,
    TMPDIR: folders["tmp"]!,
    // ONNX Runtime sends nothing where one of these is set, as is usual for tests; users have none of them.
    CI: undefined,
    TF_BUILD: undefined,
    ORT_RUNNING_UNIT_TESTS: undefined,
    ORT_DISABLE_TELEMETRY: undefined,
    // Caches and update checks of the runtimes themselves.
    NODE_DISABLE_COMPILE_CACHE: "1",
    BUN_RUNTIME_TRANSPILER_CACHE_PATH: "0",
    DENO_NO_UPDATE_CHECK: "1",
    DENO_DIR: join(root, "deno"),
  }
  const trace = join(root, "trace")
  const command = [program, ...before, ...(name === "Deno" ? ["--allow-all"] : []), ...words]
  const traced = hasStrace ? ["strace", "-f", "-qq", "-e", "trace=connect,sendto", "-o", trace, ...command] : command
  const ended = await runProgram(traced[0]!, traced.slice(1), { cwd: folders["cwd"]!, env })
  const lists = await Promise.all(
    Object.entries(folders).map(async ([own, path]) =>
      (await readdir(path, { recursive: true, withFileTypes: true }))
        .filter((entry) => !entry.isDirectory())
        .map((entry) => `${own}${entry.parentPath.slice(path.length)}/${entry.name}`),
    ),
  )
  const connections = hasStrace
    ? (await readFile(trace, "utf8")).split("\n").filter((line) => /AF_INET/.test(line))
    : []
  return { ...ended, files: lists.flat(), connections }
}

const runtimes = [node, bun, deno]

it("no run of the command line leaves a file beside its video, or connects to anything", async () => {
  const words = [main, "a fox", "--steps", "1", "--frames", "1", "--seed", "1", "-o", "fox.mp4"]
  const runs = await Promise.all(runtimes.map((runtime) => watch(runtime, words, `video ${runtime.name}`)))
  for (const run of runs) expect(run).toMatchObject({ code: 0, files: ["cwd/fox.mp4"], connections: [] })
  expect(reached).toEqual([])
})

it("nor does one whose home folder cannot be written", async () => {
  const file = join(folder, "file")
  await writeFile(file, "")
  const words = [main, "a fox", "--steps", "1", "--frames", "1", "--seed", "1", "-o", "fox.mp4"]
  const run = await watch(node, words, "read-only home", join(file, "home"))
  expect(run).toMatchObject({ code: 0, files: ["cwd/fox.mp4"], connections: [] })
})

it("nor does a program over the packages that goes on, also in a worker thread of its own", async () => {
  const runs = await Promise.all(
    runtimes.flatMap((runtime) =>
      [[], ["worker"]].map((words) => watch(runtime, [runGraph, ...words], `graph ${words.join()} ${runtime.name}`)),
    ),
  )
  for (const run of runs) expect(run).toMatchObject({ code: 0, output: "42\n", files: [], connections: [] })
  expect(reached).toEqual([])
})

it("what loads ONNX Runtime on the main thread, as the doctor does, leaves and sends nothing", async () => {
  const run = await watch(node, [main, "doctor"], "doctor")
  expect(run).toMatchObject({ code: 0, files: [], connections: [] })
  expect(reached).toEqual([])
})
