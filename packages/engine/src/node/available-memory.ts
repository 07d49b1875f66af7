import { execFileSync, type ExecFileSyncOptionsWithStringEncoding } from "node:child_process"
import { readFileSync } from "node:fs"
import { freemem } from "node:os"
import { posix } from "node:path"

/** Reads a text file; throws where there is none. */
export type ReadText = (path: string) => string

/**
 * Bytes of memory that can be used now without pushing others out, within the limits of a container.
 *
 * Runtimes report less: on Linux they count a container's page cache as used, though most of it can be taken back at once, and on macOS
 * only pages that hold nothing at all count as free.
 */
export const availableMemory = (): number => {
  const reported = process.availableMemory?.() ?? freemem()
  try {
    if (process.platform === "linux") return linuxMemory((path) => readFileSync(path, "utf8"))
    if (process.platform === "darwin") return Math.max(reported, macMemory(execFileSync("/usr/bin/vm_stat", [], text)))
  } catch {
    // Not every sandbox lets these be read.
  }
  return reported
}

const text: ExecFileSyncOptionsWithStringEncoding = {
  encoding: "utf8",
  timeout: 5000,
  stdio: ["ignore", "pipe", "ignore"],
}

/** The machine's available memory, or what is left of the smallest limit of the groups that this process is in. */
export const linuxMemory = (read: ReadText): number => {
  const kilobytes = /^MemAvailable:\s+(\d+) kB$/m.exec(read("/proc/meminfo"))?.[1]
  if (kilobytes === undefined) throw new Error("/proc/meminfo has no MemAvailable")
  return Math.min(Number(kilobytes) * 1024, ...groupsOf(read).map((group) => leftIn(group, read)))
}

interface MemoryGroup {
  readonly folder: string
  readonly limits: ReadonlyArray<string>
  readonly usage: string
  /** The share of the page cache that was not used lately, in the group's `memory.stat`. */
  readonly cache: RegExp
}

const versions = {
  v1: { limits: ["memory.limit_in_bytes"], usage: "memory.usage_in_bytes", cache: /^total_inactive_file (\d+)$/m },
  v2: { limits: ["memory.max", "memory.high"], usage: "memory.current", cache: /^inactive_file (\d+)$/m },
} as const

/** The memory groups of this process and all above them; in a container, the paths may start outside it. */
const groupsOf = (read: ReadText): ReadonlyArray<MemoryGroup> => {
  const lines = attempt(() => read("/proc/self/cgroup")) ?? ""
  const groups: Array<MemoryGroup> = []
  for (const [, controllers, path] of lines.matchAll(/^\d+:([^:]*):(.*)$/gm)) {
    const isNew = controllers === ""
    if (!isNew && !controllers!.split(",").includes("memory")) continue
    const root = isNew ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
    const version = isNew ? versions.v2 : versions.v1
    for (let below = posix.join("/", path!); ; below = posix.dirname(below)) {
      groups.push({ folder: posix.join(root, below), ...version })
      if (below === "/") break
    }
  }
  return groups
}

const leftIn = ({ folder, limits, usage, cache }: MemoryGroup, read: ReadText): number => {
  const number = (name: string) => Number(attempt(() => read(posix.join(folder, name))) || "none")
  const limit = Math.min(...limits.map((name) => number(name)).filter((value) => value > 0))
  const used = number(usage)
  if (!Number.isFinite(limit) || Number.isNaN(used)) return Infinity
  const unused = Number(cache.exec(attempt(() => read(posix.join(folder, "memory.stat"))) ?? "")?.[1] ?? 0)
  return Math.max(0, limit - Math.max(0, used - unused))
}

const attempt = <A>(work: () => A): A | undefined => {
  try {
    return work()
  } catch {
    return undefined
  }
}

/** Bytes of free, speculative and inactive pages, from the output of `vm_stat`. */
export const macMemory = (output: string): number => {
  const page = Number(/page size of (\d+) bytes/.exec(output)?.[1])
  const pages = (name: string) => Number(new RegExp(`^Pages ${name}:\\s+(\\d+)\\.$`, "m").exec(output)?.[1])
  const bytes = page * (pages("free") + pages("speculative") + pages("inactive"))
  if (Number.isNaN(bytes)) throw new Error("vm_stat has another format")
  return bytes
}
