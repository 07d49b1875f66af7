import { type Attribute, float, int, ints, string } from "./attribute.ts"
import { elementBytes, type ElementType, onnxTypes } from "./element-type.ts"

export type Shape = ReadonlyArray<number>

export interface OperatorOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>
  /** `""` is ONNX itself; `com.microsoft` holds ONNX Runtime's fused operators. */
  readonly domain?: "" | "com.microsoft"
  /** Of the results; float32 by default. */
  readonly type?: ElementType
}

/** Builds a graph; each value has that of its graph. */
export interface GraphBuilder {
  /** A tensor that each run is given. */
  readonly input: (name: string, shape: Shape, type?: ElementType) => Value
  /** Names a value as a result of each run. */
  readonly output: (name: string, value: Value) => void
  /** Groups the operators that `build` adds under one name, so that the engine can keep one block's float32 weights at a time. */
  readonly block: <A>(name: string, build: () => A) => A
  /** Adds an operator with one result. */
  readonly apply: (
    operator: string,
    inputs: ReadonlyArray<Value | undefined>,
    shape: Shape,
    options?: OperatorOptions,
  ) => Value
  /** Adds an operator with several results. */
  readonly applyAll: (
    operator: string,
    inputs: ReadonlyArray<Value | undefined>,
    shapes: ReadonlyArray<Shape>,
    options?: OperatorOptions,
  ) => ReadonlyArray<Value>
  /** Numbers baked into the graph; equal small constants are stored once. */
  readonly constant: (data: Float32Array | BigInt64Array, shape: Shape) => Value
  /** A float32 constant without axes. */
  readonly scalar: (x: number) => Value
  /** A vector of int64: shapes, axes, starts and ends of ONNX operators. */
  readonly integers: (values: ReadonlyArray<number>) => Value
}

/** A symbolic tensor: a node's result in a graph, with its shape known. */
export class Value {
  readonly graph: GraphBuilder
  readonly name: string
  readonly shape: Shape
  readonly type: ElementType

  constructor(graph: GraphBuilder, name: string, shape: Shape, type: ElementType) {
    this.graph = graph
    this.name = name
    this.shape = shape
    this.type = type
  }

  get rank(): number {
    return this.shape.length
  }

  get size(): number {
    return this.shape.reduce((product, length) => product * length, 1)
  }

  get bytes(): number {
    return this.size * elementBytes[this.type]
  }

  /** The length of an axis; negative axes count from the end. */
  length(axis: number): number {
    const length = this.shape.at(axis)
    if (length === undefined) throw new RangeError(`${this.name} of shape [${this.shape}] has no axis ${axis}`)
    return length
  }

  add(other: Value | number): Value {
    return this.#elementwise("Add", other)
  }

  subtract(other: Value | number): Value {
    return this.#elementwise("Sub", other)
  }

  multiply(other: Value | number): Value {
    return this.#elementwise("Mul", other)
  }

  divide(other: Value | number): Value {
    return this.#elementwise("Div", other)
  }

  #elementwise(operator: string, other: Value | number): Value {
    const right = typeof other === "number" ? this.graph.scalar(other) : other
    if (right.type !== this.type) throw new RangeError(`${operator} of ${this.type} and ${right.type}`)
    return this.graph.apply(operator, [this, right], broadcast(this.shape, right.shape, operator), { type: this.type })
  }

  /** An operator that maps each element by itself: `Sigmoid`, `Cos`, `Tanh`, … */
  map(operator: "Sigmoid" | "Tanh" | "Cos" | "Sin" | "Exp" | "Sqrt" | "Neg" | "Relu"): Value {
    return this.graph.apply(operator, [this], this.shape)
  }

  /** x · sigmoid(x). */
  silu(): Value {
    return this.graph.apply("QuickGelu", [this], this.shape, {
      domain: "com.microsoft",
      attributes: { alpha: float(1) },
    })
  }

  /** GELU by its tanh approximation (`gelu-approximate`, `gelu_new`). */
  gelu(): Value {
    return this.graph.apply("Gelu", [this], this.shape, {
      attributes: { approximate: string("tanh") },
    })
  }

  /** Matrix product over the last two axes, the leading ones broadcast. */
  matmul(other: Value): Value {
    const [rows, inner] = [this.length(-2), this.length(-1)]
    if (inner !== other.length(-2)) throw new RangeError(`matmul of [${this.shape}] and [${other.shape}]`)
    const batch = broadcast(this.shape.slice(0, -2), other.shape.slice(0, -2), "matmul")
    return this.graph.apply("MatMul", [this, other], [...batch, rows, other.length(-1)])
  }

  reshape(shape: Shape): Value {
    const size = shape.reduce((product, length) => product * length, 1)
    if (size !== this.size) throw new RangeError(`reshape of ${this.name} from [${this.shape}] to [${shape}]`)
    return this.graph.apply("Reshape", [this, this.graph.integers(shape)], shape, { type: this.type })
  }

  transpose(permutation: ReadonlyArray<number>): Value {
    if (permutation.length !== this.rank || new Set(permutation).size !== this.rank) {
      throw new RangeError(`transpose of [${this.shape}] by [${permutation}]`)
    }
    return this.graph.apply(
      "Transpose",
      [this],
      permutation.map((axis) => this.length(axis)),
      { attributes: { perm: ints(permutation) }, type: this.type },
    )
  }

  /** Elements `start` to `end` (exclusive) of an axis, every `step`-th. */
  slice(axis: number, start: number, end: number, step = 1): Value {
    const at = axis < 0 ? axis + this.rank : axis
    const length = this.length(at)
    if (start < 0 || end > length || start >= end) {
      throw new RangeError(`slice ${start}:${end} of axis ${at} of [${this.shape}]`)
    }
    if (start === 0 && end === length && step === 1) return this
    const of = (x: number) => this.graph.integers([x])
    return this.graph.apply(
      "Slice",
      [this, of(start), of(end), of(at), of(step)],
      this.shape.with(at, Math.ceil((end - start) / step)),
      { type: this.type },
    )
  }

  /** Cuts an axis into values of the given lengths. */
  split(axis: number, lengths: ReadonlyArray<number>): ReadonlyArray<Value> {
    const at = axis < 0 ? axis + this.rank : axis
    if (lengths.reduce((sum, length) => sum + length, 0) !== this.length(at)) {
      throw new RangeError(`split of axis ${at} of [${this.shape}] into [${lengths}]`)
    }
    return this.graph.applyAll(
      "Split",
      [this, this.graph.integers(lengths)],
      lengths.map((length) => this.shape.with(at, length)),
      { attributes: { axis: int(at) }, type: this.type },
    )
  }

  /** Repeats axes of length 1. */
  expand(shape: Shape): Value {
    if (broadcast(this.shape, shape, "expand").some((length, axis) => length !== shape[axis])) {
      throw new RangeError(`expand of [${this.shape}] to [${shape}]`)
    }
    return this.graph.apply("Expand", [this, this.graph.integers(shape)], shape, { type: this.type })
  }

  softmax(axis = -1): Value {
    return this.graph.apply("Softmax", [this], this.shape, { attributes: { axis: int(axis) } })
  }

  /** Rows of this table, by integer index. */
  gather(indices: Value): Value {
    if (indices.type !== "int64" && indices.type !== "int32") throw new RangeError(`gather by ${indices.type} indices`)
    return this.graph.apply("Gather", [this, indices], [...indices.shape, ...this.shape.slice(1)], {
      attributes: { axis: int(0) },
      type: this.type,
    })
  }

  cast(type: ElementType): Value {
    if (type === this.type) return this
    return this.graph.apply("Cast", [this], this.shape, { attributes: { to: int(onnxTypes[type]) }, type })
  }
}

/** Joins values along an axis. */
export const concat = (values: ReadonlyArray<Value>, axis: number): Value => {
  const first = values[0]
  if (first === undefined) throw new RangeError("concat of no values")
  if (values.length === 1) return first
  const at = axis < 0 ? axis + first.rank : axis
  for (const value of values) {
    if (value.rank !== first.rank || value.shape.some((length, i) => i !== at && length !== first.shape[i])) {
      throw new RangeError(`concat on axis ${at} of ${values.map((v) => `[${v.shape}]`).join(" and ")}`)
    }
  }
  const length = values.reduce((sum, value) => sum + value.length(at), 0)
  return first.graph.apply("Concat", values, first.shape.with(at, length), {
    attributes: { axis: int(at) },
    type: first.type,
  })
}

const broadcast = (left: Shape, right: Shape, operator: string): Shape => {
  const rank = Math.max(left.length, right.length)
  return Array.from({ length: rank }, (_, i) => {
    const a = left.at(i - rank) ?? 1
    const b = right.at(i - rank) ?? 1
    const [l, r] = [i - rank + left.length < 0 ? 1 : a, i - rank + right.length < 0 ? 1 : b]
    if (l !== r && l !== 1 && r !== 1) throw new RangeError(`${operator} of [${left}] and [${right}]`)
    return Math.max(l, r)
  })
}
