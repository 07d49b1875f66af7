import { encodeSafetensors, Tensor } from "@auteur/core"

const json = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

const tensor = (length: number): Tensor<"size"> =>
  Tensor.from(
    "size",
    [length],
    Float32Array.from({ length }, (_, index) => Math.sin(index)),
  )

export const modelIndex: Readonly<Record<string, unknown>> = {
  _class_name: "CogVideoXPipeline",
  scheduler: ["diffusers", "CogVideoXDDIMScheduler"],
  text_encoder: ["transformers", "T5EncoderModel"],
  tokenizer: ["transformers", "T5Tokenizer"],
  transformer: ["diffusers", "CogVideoXTransformer3DModel"],
  vae: ["diffusers", "AutoencoderKLCogVideoX"],
}

/** Files that a CogVideoX repository has, with weights of a few hundred kilobytes: what a pull must bring. */
export const neededFiles = (): Map<string, Uint8Array> =>
  new Map([
    ["model_index.json", json(modelIndex)],
    ["scheduler/scheduler_config.json", json({ _class_name: "CogVideoXDDIMScheduler" })],
    ["tokenizer/spiece.model", Uint8Array.from({ length: 5000 }, (_, index) => index % 251)],
    ["tokenizer/tokenizer_config.json", json({ model_max_length: 226 })],
    ["text_encoder/config.json", json({ architectures: ["T5EncoderModel"] })],
    ["text_encoder/model.safetensors", encodeSafetensors({ "shared.weight": tensor(20_000) })],
    ["vae/config.json", json({ _class_name: "AutoencoderKLCogVideoX" })],
    ["vae/diffusion_pytorch_model.safetensors", encodeSafetensors({ "conv.weight": tensor(100_000) })],
    ["transformer/config.json", json({ _class_name: "CogVideoXTransformer3DModel", patch_size_t: null })],
    [
      "transformer/diffusion_pytorch_model.safetensors.index.json",
      json({
        weight_map: {
          a: "diffusion_pytorch_model-00001-of-00002.safetensors",
          b: "diffusion_pytorch_model-00002-of-00002.safetensors",
        },
      }),
    ],
    ["transformer/diffusion_pytorch_model-00001-of-00002.safetensors", encodeSafetensors({ a: tensor(50_000) })],
    ["transformer/diffusion_pytorch_model-00002-of-00002.safetensors", encodeSafetensors({ b: tensor(60_000) })],
  ])

/** Files that such a repository may have too, and that a pull must leave. */
const otherFiles: ReadonlyMap<string, Uint8Array> = new Map([
  ["README.md", json("A tiny model")],
  [".gitattributes", json("")],
  ["assets/film.mp4", json("film")],
  ["vae/diffusion_pytorch_model.bin", json("pickle")],
  ["vae/diffusion_pytorch_model.fp16.safetensors", json("half")],
  ["text_encoder/flax_model.msgpack", json("flax")],
  ["transformer/model.onnx", json("onnx")],
  ["tokenizer/README.md", json("words")],
])

/** All files of the repository. */
export const everything: ReadonlyMap<string, Uint8Array> = new Map([...neededFiles(), ...otherFiles])

/** The largest of the needed files. */
export const largest = "vae/diffusion_pytorch_model.safetensors"
