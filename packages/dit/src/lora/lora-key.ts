/** The factors of a low-rank addition α / rank · B(A x), and α: under these names whatever the file calls them. */
export type Part = "lora_A" | "lora_B" | "alpha"

/** The reading of a tensor's name: a part of a layer's addition, a tensor of a text encoder, or one that no plain LoRA has. */
export type LoraKey =
  | { readonly kind: "part"; readonly layer: string; readonly part: Part; readonly adapter: string }
  | { readonly kind: "text" }
  | { readonly kind: "other"; readonly reason: string }

const down = String.raw`lora_A|lora_down|lora\.down|lora_linear_layer\.down`
const up = String.raw`lora_B|lora_up|lora\.up|lora_linear_layer\.up`
/** PEFT puts the adapter's name before `weight` while it trains, and so does DiffSynth. */
const factor = new RegExp(String.raw`^(.+)\.(?:(${down})|${up})(?:\.([\w-]+))?\.weight$`)
/** The first diffusers had the factors in attention processors: `attn1.processor.to_q_lora.down.weight`. */
const processor = /^(.+)\.processor\.(to_(?:q|k|v|out))_lora\.(?:(down)|up)\.weight$/

const others: ReadonlyArray<readonly [RegExp, string]> = [
  [/(^|\.)(dora_scale|lora_magnitude_vector)(\.|$)/, "it belongs to a DoRA"],
  [/\.hada_(w\d_[ab]|t\d)$/, "it belongs to a LoHa"],
  [/\.lokr_(w\d(_[ab])?|t\d)$/, "it belongs to a LoKr"],
  [/(^|\.)(oft|boft)_/, "it belongs to an OFT"],
  [/\.lora_mid\.weight$/, "it belongs to a LoCon with a middle factor"],
  [/\.(diff|diff_b|set_weight)$/, "it is the change of a whole tensor"],
  [/\.lora_(A|B|up|down)(\.[\w-]+)?\.bias$/, "it is the bias of a factor"],
  [
    /\.matrix_[AB]\.\d+$/,
    "it is in the format of SAT, which the script export_sat_lora_weight.py of CogVideo converts",
  ],
]

/** Names before a layer's, which depend on the tool that saved the file and on how the model was wrapped in training. */
const prefixes = ["base_model.model.", "transformer.", "diffusion_model.", "model.", "module.", "pipe.", "dit."]
const wrappers = /(?:_orig_mod|_fsdp_wrapped_module|_checkpoint_wrapped_module)\./g
const textEncoder = /^(?:base_model\.model\.)?(?:text_encoder(?:_\d)?|text_model|cond_stage_model)\.|^lora_te\d*_/

/** The layers of a transformer by their names, and by those that kohya's scripts make of them, with underscores for dots. */
export const layerNames = (layers: Iterable<string>): ReadonlyMap<string, string> => {
  const names = [...layers]
  return new Map([
    ...names.map((name) => [name.replaceAll(".", "_"), name] as const),
    ...names.map((name) => [name, name] as const),
  ])
}

/** Reads the name of a tensor in a LoRA file as diffusers, PEFT, kohya's scripts, ComfyUI, DiffSynth and finetrainers write it. */
export const readLoraKey = (key: string, layers: ReadonlyMap<string, string>): LoraKey => {
  if (textEncoder.test(key)) return { kind: "text" }
  const other = others.find(([pattern]) => pattern.test(key))
  if (other !== undefined) return { kind: "other", reason: `${other[1]}; only a plain LoRA can be added` }
  const found = parse(key.replaceAll(wrappers, ""))
  const layer = found === undefined ? undefined : findLayer(found.layer, layers)
  if (found !== undefined && layer !== undefined) return { kind: "part", ...found, layer }
  return { kind: "other", reason: "it was made for another model, or is not a plain LoRA" }
}

const parse = (key: string): { readonly layer: string; readonly part: Part; readonly adapter: string } | undefined => {
  const [, layer, isDown, adapter = ""] = factor.exec(key) ?? []
  if (layer !== undefined) return { layer, part: isDown === undefined ? "lora_B" : "lora_A", adapter }
  const [, block, projection, down] = processor.exec(key) ?? []
  if (block !== undefined) {
    const name = `${block}.${projection}${projection === "to_out" ? ".0" : ""}`
    return { layer: name, part: down === undefined ? "lora_B" : "lora_A", adapter: "" }
  }
  return key.endsWith(".alpha") ? { layer: key.slice(0, -".alpha".length), part: "alpha", adapter: "" } : undefined
}

const findLayer = (name: string, layers: ReadonlyMap<string, string>): string | undefined => {
  const [, underscored] = /^lora_(?:unet|transformer|dit)_+(.+)$/.exec(name) ?? []
  let rest = underscored ?? name
  for (;;) {
    const layer = layers.get(rest)
    if (layer !== undefined) return layer
    const prefix = prefixes.find((prefix) => rest.startsWith(prefix))
    if (prefix === undefined) return undefined
    rest = rest.slice(prefix.length)
  }
}
