import { readdirSync, readFileSync, realpathSync } from "node:fs"
import { availableParallelism } from "node:os"
import { dirname, relative, sep } from "node:path"
import type { RequestError } from "@auteur/core"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { Engine } from "../engine.ts"
import { type EngineOptions, makeEngine } from "../session/make-engine.ts"
import type { Placement, Runtime } from "../session/runtime.ts"
import { availableMemory } from "./available-memory.ts"
import { startThread } from "./thread.ts"

/**
 * Runs graphs by onnxruntime-node in worker threads, which are started when first needed and end with the layer's scope.
 *
 * Fails with a `RequestError` for an option that cannot be used.
 */
export const layer = (options: EngineOptions = {}): Layer.Layer<Engine, RequestError> =>
  Layer.effect(
    Engine,
    Effect.suspend(() => makeEngine(nodeRuntime(), options)),
  )

/** onnxruntime-node in worker threads. */
export const nodeRuntime = (): Runtime => ({
  start: (_rank, onExit) => startThread(onExit),
  place,
  threads: threadCount(),
  availableMemory,
})

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

/**
 * The nearest folder above all files, and each file's path below it.
 *
 * Links are followed first: ONNX Runtime refuses a weight file that links out of its folder, as those of the Hugging Face
 * cache do.
 */
const place = (files: ReadonlyArray<string>): Placement => {
  const real = new Map(files.map((file) => [file, followLinks(file)]))
  let folder: string | undefined
  for (const path of real.values()) {
    folder ??= dirname(path)
    while (!isBelow(path, folder)) folder = dirname(folder)
  }
  const root = folder ?? process.cwd()
  return { folder: root, locate: (file) => relative(root, real.get(file) ?? file).replaceAll(sep, "/") }
}

const followLinks = (file: string): string => {
  try {
    return realpathSync(file)
  } catch (cause) {
    throw new Error(`its weights file ${file} is gone; download the model again`, { cause })
  }
}

const isBelow = (path: string, folder: string): boolean => path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
