import type { Attribute } from "./attribute.ts"
import { Value } from "./value.ts"

/** Element types that occur in a graph. 16-bit weights are widened to float32 where they are used. */
export type ElementType = "float64" | "float32" | "float16" | "bfloat16" | "int64" | "int32" | "bool" | "uint8"

export type Shape = ReadonlyArray<number>

/** One operator applied to values. */
export interface Node {
  readonly operator: string
  /** `""` is ONNX itself; `com.microsoft` holds ONNX Runtime's fused operators. */
  readonly domain: "" | "com.microsoft"
  readonly inputs: ReadonlyArray<Value | undefined>
  readonly outputs: ReadonlyArray<Value>
  readonly attributes: Readonly<Record<string, Attribute>>
  /** The block (`transformer_blocks.0`) that the node belongs to; `""` outside of all blocks. */
  readonly block: string
}

/** Numbers that are part of the graph itself: positions, frequencies, epsilons. */
export interface Constant {
  readonly value: Value
  readonly data: Float32Array | BigInt64Array
}

/** A tensor of the checkpoint that the graph reads. */
export interface WeightUse {
  readonly value: Value
  /** The checkpoint's own key, such as `transformer_blocks.0.attn1.to_q.weight`. */
  readonly key: string
}

/** A model as a value: what goes in, which operators run in which order, what comes out. It can be walked, costed and differentiated. */
export class Graph {
  readonly name: string
  readonly nodes: Array<Node> = []
  readonly inputs: Map<string, Value> = new Map()
  readonly outputs: Map<string, Value> = new Map()
  readonly constants: Array<Constant> = []
  readonly weights: Map<string, WeightUse> = new Map()
  #count = 0
  #block = ""
  readonly #constantIndex = new Map<string, Value>()

  constructor(name: string) {
    this.name = name
  }

  /** A tensor that each run is given. */
  input(name: string, shape: Shape, type: ElementType = "float32"): Value {
    this.#claim(name)
    const value = this.#value(shape, type, name)
    this.inputs.set(name, value)
    return value
  }

  /** Names a value as a result of each run. */
  output(name: string, value: Value): void {
    this.#claim(name)
    this.outputs.set(name, value)
  }

  /** Numbers baked into the graph; equal small constants are stored once. */
  constant(data: Float32Array | BigInt64Array, shape: Shape): Value {
    const type = data instanceof Float32Array ? "float32" : "int64"
    const key = data.length <= 16 ? `${type}:${shape.join()}:${data.join()}` : undefined
    const known = key === undefined ? undefined : this.#constantIndex.get(key)
    if (known !== undefined) return known
    const value = this.#value(shape, type, `constant_${this.#count}`)
    this.constants.push({ value, data })
    if (key !== undefined) this.#constantIndex.set(key, value)
    return value
  }

  /** A float32 constant without axes. */
  scalar(x: number): Value {
    return this.constant(Float32Array.of(x), [])
  }

  /** A vector of int64: shapes, axes, starts and ends of ONNX operators. */
  integers(values: ReadonlyArray<number>): Value {
    return this.constant(BigInt64Array.from(values, BigInt), [values.length])
  }

  /** A checkpoint tensor; reached through `WeightScope.tensor`, which checks it. */
  weight(key: string, shape: Shape, type: ElementType): Value {
    const known = this.weights.get(key)
    if (known !== undefined) return known.value
    const value = this.#value(shape, type, key)
    this.weights.set(key, { value, key })
    return value
  }

  /** Groups the operators that `build` adds under one name, so that the engine can keep one block's float32 weights at a time. */
  block<A>(name: string, build: () => A): A {
    const outer = this.#block
    this.#block = name
    try {
      return build()
    } finally {
      this.#block = outer
    }
  }

  /** Adds an operator with one result. */
  apply(
    operator: string,
    inputs: ReadonlyArray<Value | undefined>,
    shape: Shape,
    options: { attributes?: Record<string, Attribute>; domain?: "" | "com.microsoft"; type?: ElementType } = {},
  ): Value {
    return this.applyAll(operator, inputs, [shape], options)[0]!
  }

  /** Adds an operator with several results. */
  applyAll(
    operator: string,
    inputs: ReadonlyArray<Value | undefined>,
    shapes: ReadonlyArray<Shape>,
    options: { attributes?: Record<string, Attribute>; domain?: "" | "com.microsoft"; type?: ElementType } = {},
  ): ReadonlyArray<Value> {
    const outputs = shapes.map((shape) => this.#value(shape, options.type ?? "float32", `${operator}_${this.#count}`))
    this.nodes.push({
      operator,
      domain: options.domain ?? "",
      inputs,
      outputs,
      attributes: options.attributes ?? {},
      block: this.#block,
    })
    return outputs
  }

  #claim(name: string): void {
    if (this.inputs.has(name) || this.outputs.has(name)) {
      throw new RangeError(`"${name}" names two inputs or outputs of ${this.name}`)
    }
  }

  #value(shape: Shape, type: ElementType, name: string): Value {
    this.#count++
    return new Value(this, name, shape, type)
  }
}
