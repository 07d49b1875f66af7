import { readdirSync, readFileSync } from "node:fs"
import { arch, availableParallelism, cpus, platform, totalmem } from "node:os"
import { setTimeout } from "node:timers/promises"

/** The machine that figures were measured on: those of two machines cannot be compared. */
export interface Machine {
  readonly processor: string
  /** The widest vector instructions, on which the speed of matrix products depends. */
  readonly instructions: string
  readonly cores: number
  readonly memoryGigabytes: number
  readonly system: string
  readonly node: string
}

export const describeMachine = (): Machine => ({
  processor: cpus()[0]?.model.trim() ?? "unknown",
  instructions: vectorInstructions(),
  cores: physicalCores(),
  memoryGigabytes: Math.round(totalmem() / 2 ** 30),
  system: `${platform()} ${arch()}`,
  node: process.version,
})

/** The number of threads of both sides, which is the default of the engine and of PyTorch. */
export const physicalCores = (): number => {
  const folder = "/sys/devices/system/cpu"
  try {
    const siblings = readdirSync(folder)
      .filter((name) => /^cpu\d+$/.test(name))
      .map((name) => readFileSync(`${folder}/${name}/topology/thread_siblings_list`, "utf8").trim())
    return Math.min(new Set(siblings).size, availableParallelism())
  } catch {
    return availableParallelism()
  }
}

const interesting = ["amx_bf16", "avx512_bf16", "avx512_vnni", "avx512f", "avx_vnni", "avx2"]

const vectorInstructions = (): string => {
  try {
    const flags = /^flags\s*:(.*)$/m.exec(readFileSync("/proc/cpuinfo", "utf8"))?.[1]?.split(" ") ?? []
    return interesting.filter((name) => flags.includes(name)).join(" ") || "none of AVX2, AVX-512"
  } catch {
    return "unknown"
  }
}

/** The number of cores that other programs keep busy while this one waits for a second. */
export const busyCores = async (): Promise<number> => {
  const before = coreTimes()
  await setTimeout(1000)
  const after = coreTimes()
  const all = after.all - before.all
  return all === 0 ? 0 : (cpus().length * (all - (after.idle - before.idle))) / all
}

const coreTimes = () => {
  let [all, idle] = [0, 0]
  for (const { times } of cpus()) {
    all += times.user + times.nice + times.sys + times.irq + times.idle
    idle += times.idle
  }
  return { all, idle }
}

/** A warning about figures measured beside busy cores; null where there are too few of them. */
export const busyWarning = (cores: number): string | null =>
  cores < 0.25
    ? null
    : `Other programs kept ${cores.toFixed(1)} of ${cpus().length} cores busy: these figures say little.`
