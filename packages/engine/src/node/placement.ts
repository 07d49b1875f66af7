import { realpathSync } from "node:fs"
import { dirname, relative, sep } from "node:path"
import type { Placement } from "../runtime.ts"

/**
 * The nearest folder above all files, and each file's path below it.
 *
 * Links are followed first: ONNX Runtime refuses a weight file that links out of its folder, as those of the Hugging Face
 * cache do.
 */
export const place = (files: ReadonlyArray<string>): Placement => {
  const real = new Map(files.map((file) => [file, resolve(file)]))
  let folder: string | undefined
  for (const path of real.values()) {
    folder ??= dirname(path)
    while (!isBelow(path, folder)) folder = dirname(folder)
  }
  const root = folder ?? process.cwd()
  return { folder: root, locate: (file) => relative(root, real.get(file) ?? file).replaceAll(sep, "/") }
}

const resolve = (file: string): string => {
  try {
    return realpathSync(file)
  } catch (cause) {
    throw new Error(`its weights file ${file} is gone; download the model again`, { cause })
  }
}

const isBelow = (path: string, folder: string): boolean => path.startsWith(folder.endsWith(sep) ? folder : folder + sep)
