import { EngineError } from "@auteur/core"
import type { HostTensor, Inputs, WorkerTensor } from "../engine.ts"
import type { ElementType } from "../graph/element-type.ts"
import type { Shape } from "../graph/value.ts"
import type { RuntimeInput } from "./runtime.ts"

/** The type and shape that a program gives one of its inputs or outputs. */
export interface Port {
  readonly type: ElementType
  readonly shape: Shape
}

const arrays = {
  float32: Float32Array,
  int64: BigInt64Array,
  int32: Int32Array,
  uint8: Uint8Array,
  bool: Uint8Array,
  float64: undefined,
  float16: undefined,
  bfloat16: undefined,
}

/** The inputs of a run as the thread gets them: checked against the program, host numbers copied; throws an {@link EngineError}. */
export const toFeeds = (
  program: string,
  ports: ReadonlyMap<string, Port>,
  inputs: Inputs,
): Record<string, RuntimeInput> => {
  const names = [...ports.keys()].map((name) => `"${name}"`).join(", ")
  for (const name of Object.keys(inputs)) {
    if (!ports.has(name)) {
      throw new EngineError({ message: `"${program}" has no input "${name}"; its inputs are ${names}.` })
    }
  }
  const feeds: Record<string, RuntimeInput> = {}
  for (const [name, port] of ports) {
    const input = inputs[name]
    if (input === undefined) {
      throw new EngineError({ message: `"${program}" was run without its input "${name}"; its inputs are ${names}.` })
    }
    feeds[name] = toFeed(program, name, port, input)
  }
  return feeds
}

const toFeed = (program: string, name: string, port: Port, input: HostTensor | WorkerTensor): RuntimeInput => {
  const refuse = (found: string) =>
    new EngineError({
      message: `The input "${name}" of "${program}" must be ${port.type} of shape [${port.shape.join(", ")}], but ${found}.`,
    })
  if (input.shape.length !== port.shape.length || input.shape.some((length, axis) => length !== port.shape[axis])) {
    throw refuse(`has the shape [${input.shape.join(", ")}]`)
  }
  if ("id" in input) return { kept: input.id }
  const { data } = input
  const Data = arrays[port.type]
  if (Data === undefined || !(data instanceof Data)) throw refuse(`was given as a ${data.constructor.name}`)
  const size = port.shape.reduce((product, length) => product * length, 1)
  if (data.length !== size) throw refuse(`holds ${data.length} numbers`)
  // A copy, as its buffer moves to the thread.
  return { ...port, data: new (Data as typeof Float32Array)(data as Float32Array) }
}
