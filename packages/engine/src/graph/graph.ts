import type { Attribute } from "./attribute.ts"
import type { ElementType } from "./element-type.ts"
import { type GraphBuilder, type OperatorOptions, type Shape, Value } from "./value.ts"

/** One operator applied to values. */
export interface Node {
  readonly operator: string
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

/** A model as a value: inputs, operators in the order of a run, outputs. It can be walked, costed and differentiated. */
export class Graph implements GraphBuilder {
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

  input(name: string, shape: Shape, type: ElementType = "float32"): Value {
    this.#claim(name)
    const value = this.#value(shape, type, name)
    this.inputs.set(name, value)
    return value
  }

  output(name: string, value: Value): void {
    this.#claim(name)
    this.outputs.set(name, value)
  }

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

  scalar(x: number): Value {
    return this.constant(Float32Array.of(x), [])
  }

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

  block<A>(name: string, build: () => A): A {
    const outer = this.#block
    this.#block = name
    try {
      return build()
    } finally {
      this.#block = outer
    }
  }

  apply(
    operator: string,
    inputs: ReadonlyArray<Value | undefined>,
    shape: Shape,
    options: OperatorOptions = {},
  ): Value {
    return this.applyAll(operator, inputs, [shape], options)[0]!
  }

  applyAll(
    operator: string,
    inputs: ReadonlyArray<Value | undefined>,
    shapes: ReadonlyArray<Shape>,
    options: OperatorOptions = {},
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

/** The nodes that some output of the graph depends on, in order. */
export const liveNodes = (graph: Graph): ReadonlyArray<Node> => {
  const needed = new Set<Value | undefined>(graph.outputs.values())
  const live = graph.nodes.toReversed().filter((node) => {
    const isLive = node.outputs.some((output) => needed.has(output))
    if (isLive) for (const input of node.inputs) needed.add(input)
    return isLive
  })
  return live.toReversed()
}
