import { readdirSync, readFileSync } from "node:fs"
import { availableParallelism } from "node:os"

/**
 * Threads for one operator: one for each physical core that this process may use, as a second thread on a core slows
 * matrix products down. 0, by which ONNX Runtime chooses the same itself, where the system does not tell.
 */
export const threadCount = (folder = "/sys/devices/system/cpu"): number => {
  try {
    const cores = new Set(
      readdirSync(folder)
        .filter((name) => /^cpu\d+$/.test(name))
        .map((name) => readFileSync(`${folder}/${name}/topology/thread_siblings_list`, "utf8").trim()),
    )
    return Math.max(1, Math.min(cores.size, availableParallelism()))
  } catch {
    return 0
  }
}
