import { closeSync, cpSync, mkdirSync, openSync, readFileSync, writeFileSync, writeSync } from "node:fs"
import { join } from "node:path"
import { fileURLToPath } from "node:url"

export const bundledModel: string = fileURLToPath(new URL("../../models/emoji-world", import.meta.url))

interface Component {
  readonly config: Readonly<Record<string, unknown>>
  readonly tensors: Readonly<Record<string, ReadonlyArray<number>>>
}

const shapesOf = (name: string): Component =>
  JSON.parse(readFileSync(new URL(`../../tests/golden/shapes/${name}.json`, import.meta.url), "utf8")) as Component

const blocks = 2
const textTokens = 24

/**
 * Writes a model folder as wide as CogVideoX-2b and shallower: two blocks of its transformer, its VAE with one layer for each of
 * three, on random float16 weights, and the bundled model's text encoder.
 */
export const writeWideModel = (folder: string): void => {
  cpSync(bundledModel, folder, { recursive: true })
  const features = (
    JSON.parse(readFileSync(join(folder, "text_encoder", "config.json"), "utf8")) as { d_model: number }
  ).d_model
  const { config, tensors } = shapesOf("cogvideox-2b--transformer")
  writeComponent(join(folder, "transformer"), {
    config: { ...config, num_layers: blocks, text_embed_dim: features, max_text_seq_length: textTokens },
    tensors: {
      ...keep(tensors, /^transformer_blocks\.(\d+)\./, blocks),
      "patch_embed.text_proj.weight": [tensors["patch_embed.text_proj.weight"]![0]!, features],
    },
  })
  const vae = shapesOf("cogvideox--vae")
  const encoder = keep(vae.tensors, /^encoder\.down_blocks\.\d+\.resnets\.(\d+)\./, 1)
  writeComponent(join(folder, "vae"), {
    config: { ...vae.config, layers_per_block: 1 },
    tensors: keep(encoder, /^decoder\.up_blocks\.\d+\.resnets\.(\d+)\./, 2),
  })
}

/** The tensors without those whose number, which `pattern` finds, is `count` or above. */
const keep = (tensors: Component["tensors"], pattern: RegExp, count: number): Component["tensors"] =>
  Object.fromEntries(Object.entries(tensors).filter(([name]) => Number(pattern.exec(name)?.[1] ?? 0) < count))

/** Repeated from tensor to tensor; its odd length makes each of them different. */
const noise = Float16Array.from({ length: 2 ** 20 + 7 }, () => (Math.random() - 0.5) / 16)

const writeComponent = (folder: string, { config, tensors }: Component): void => {
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "config.json"), JSON.stringify(config))
  const header: Record<string, unknown> = {}
  let end = 0
  for (const [name, shape] of Object.entries(tensors)) {
    const start = end
    end += 2 * shape.reduce((product, length) => product * length, 1)
    header[name] = { dtype: "F16", shape, data_offsets: [start, end] }
  }
  const json = new TextEncoder().encode(JSON.stringify(header))
  const file = openSync(join(folder, "diffusion_pytorch_model.safetensors"), "w")
  writeSync(file, new Uint8Array(BigUint64Array.of(BigInt(json.length)).buffer))
  writeSync(file, json)
  for (let left = end; left > 0; left -= noise.byteLength) {
    writeSync(file, new Uint8Array(noise.buffer, 0, Math.min(left, noise.byteLength)))
  }
  closeSync(file)
}
