import { ModelError, type SafetensorsHeader } from "@auteur/core"
import * as Predicate from "effect/Predicate"

/** How a component's config says that its weights are quantized, such as `bitsandbytes, 4 bits`; nothing when they are not. */
export const quantizationOfConfig = (config: Readonly<Record<string, unknown>>): string | undefined => {
  const quantization = config["quantization_config"]
  if (!Predicate.isReadonlyObject(quantization)) return undefined
  const { load_in_4bit, load_in_8bit, bits, quant_method } = quantization
  // Configs of the first years name no method: there was only one.
  const method = typeof quant_method === "string" ? quant_method.slice(0, 40) : "bitsandbytes"
  const width = load_in_4bit === true ? 4 : load_in_8bit === true ? 8 : bits
  return typeof width === "number" ? `${method}, ${width} bits` : method
}

const marks: ReadonlyArray<readonly [RegExp, string]> = [
  [/\.(absmax|quant_map|quant_state\.bitsandbytes__\w+)$/, "bitsandbytes, 4 bits"],
  [/\.(SCB|weight_format)$/, "bitsandbytes, 8 bits"],
  [/\.(qweight|qzeros)$/, "GPTQ or AWQ"],
  [/\.weight\._(data|scale|shift)$/, "quanto"],
  [/(^|\.)(scaled_fp8|scale_weight|weight_scale(_inv)?)$/, "8-bit floating point"],
]

/** How the tensors of a file show that they are quantized, whatever its config says; nothing when they do not. */
export const quantizationOfTensors = ({ tensors }: SafetensorsHeader): string | undefined => {
  for (const [name, { dtype }] of tensors) {
    const mark = marks.find(([pattern]) => pattern.test(name))
    if (mark !== undefined) return mark[1]
    if (dtype.startsWith("float8")) return `8-bit floating point, ${dtype}`
  }
  return undefined
}

/** Throws a {@link ModelError} that names the quantization of a file, where it has one. */
export const refuseQuantized = (path: string, quantization: string | undefined): void => {
  if (quantization === undefined) return
  throw new ModelError({
    message: `${path} is quantized (${quantization}), which cannot be run: take the component in 16 bits (float16 or bfloat16).`,
  })
}
