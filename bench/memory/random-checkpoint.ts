import { closeSync, openSync, writeSync } from "node:fs"

/** Writes a float16 safetensors file of random tensors, one at a time, so that its size is not held in memory. */
export const writeRandomCheckpoint = (path: string, shapes: Readonly<Record<string, ReadonlyArray<number>>>): void => {
  const header: Record<string, unknown> = {}
  let end = 0
  for (const [name, shape] of Object.entries(shapes)) {
    const start = end
    end += 2 * shape.reduce((product, length) => product * length, 1)
    header[name] = { dtype: "F16", shape, data_offsets: [start, end] }
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const file = openSync(path, "w")
  writeSync(file, new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer))
  writeSync(file, json)
  for (const shape of Object.values(shapes)) {
    const size = shape.reduce((product, length) => product * length, 1)
    const fanIn = Math.max(size / (shape[0] ?? 1), 1)
    const scale = shape.length > 1 ? 1 / Math.sqrt(fanIn) : 0.1
    writeSync(file, new Uint8Array(Float16Array.from({ length: size }, () => (Math.random() - 0.5) * 3 * scale).buffer))
  }
  closeSync(file)
}
