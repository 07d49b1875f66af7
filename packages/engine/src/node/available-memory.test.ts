import { describe, expect, it } from "vitest"
import { availableMemory, linuxMemory, macMemory } from "./available-memory.ts"

const meminfo = "MemTotal:       16000000 kB\nMemFree:          100000 kB\nMemAvailable:    8000000 kB\n"
const machine = 8_000_000 * 1024

/** A system that has these files. */
const memoryOf = (files: Readonly<Record<string, string>>): number =>
  linuxMemory((path) => {
    const text = { "/proc/meminfo": meminfo, ...files }[path]
    if (text === undefined) throw new Error(`ENOENT: ${path}`)
    return text
  })

const v2 = (folder: string, max: string, current: number, inactive: number) => ({
  [`/sys/fs/cgroup${folder}/memory.max`]: `${max}\n`,
  [`/sys/fs/cgroup${folder}/memory.high`]: "max\n",
  [`/sys/fs/cgroup${folder}/memory.current`]: `${current}\n`,
  [`/sys/fs/cgroup${folder}/memory.stat`]: `anon 1\ninactive_file ${inactive}\nactive_file 5\n`,
})

describe("the available memory of Linux", () => {
  it("is the machine's where there is no limit", () => {
    expect(memoryOf({})).toBe(machine)
    expect(memoryOf({ "/proc/self/cgroup": "0::/\n" })).toBe(machine)
    expect(memoryOf({ "/proc/self/cgroup": "0::/user\n", ...v2("/user", "max", 5e9, 0) })).toBe(machine)
  })

  it("is what is left of a container's limit, its unused page cache counted as free (version 2)", () => {
    expect(memoryOf({ "/proc/self/cgroup": "0::/\n", ...v2("", "2000000000", 1_950_000_000, 1_800_000_000) })).toBe(
      1.85e9,
    )
    expect(memoryOf({ "/proc/self/cgroup": "0::/\n", ...v2("", "2000000000", 2_000_000_000, 0) })).toBe(0)
  })

  it("is what is left of the smallest limit above, also by memory.high", () => {
    const files = {
      "/proc/self/cgroup": "0::/a/b\n",
      ...v2("/a/b", "3000000000", 1e9, 0),
      ...v2("/a", "2500000000", 1e9, 0),
    }
    expect(memoryOf(files)).toBe(1.5e9)
    expect(memoryOf({ ...files, "/sys/fs/cgroup/a/b/memory.high": "1200000000" })).toBe(0.2e9)
  })

  it("is found where the path is that of the host, as in Docker", () => {
    const files = v2("", "2000000000", 5e8, 1e8)
    expect(memoryOf({ "/proc/self/cgroup": "0::/docker/0123\n", ...files })).toBe(1.6e9)
  })

  it("is what is left of a container's limit (version 1)", () => {
    const group = (folder: string, limit: string) => ({
      [`/sys/fs/cgroup/memory${folder}/memory.limit_in_bytes`]: `${limit}\n`,
      [`/sys/fs/cgroup/memory${folder}/memory.usage_in_bytes`]: "1950000000\n",
      [`/sys/fs/cgroup/memory${folder}/memory.stat`]: "inactive_file 1\ntotal_inactive_file 1800000000\n",
    })
    const lines = "5:devices:/x\n4:cpu,memory:/x\n0::/\n"
    expect(memoryOf({ "/proc/self/cgroup": lines, ...group("/x", "2000000000") })).toBe(1.85e9)
    expect(memoryOf({ "/proc/self/cgroup": lines, ...group("/x", "9223372036854771712") })).toBe(machine)
  })

  it("is some of this machine's", () => {
    expect(availableMemory()).toBeGreaterThan(0)
  })
})

it("the available memory of macOS counts pages that hold nothing of use", () => {
  const output = `Mach Virtual Memory Statistics: (page size of 16384 bytes)
Pages free:                                5000.
Pages active:                            300000.
Pages inactive:                          200000.
Pages speculative:                         1000.
Pages throttled:                              0.
Pages wired down:                        100000.
Pages purgeable:                            100.
"Translation faults":                 123456789.
`
  expect(macMemory(output)).toBe(206_000 * 16_384)
  expect(() => macMemory("no such command")).toThrow("vm_stat has another format")
})
