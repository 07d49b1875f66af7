import type { AxisNames, Permutation, SameRank, Sizes } from "./axes.ts"
import { allocate, type DataOf, type DType, isDataOf } from "./dtype.ts"
import { ShapeError } from "./shape-error.ts"
import { copyStrided, rowMajorStrides } from "./strides.ts"

/** Latents as every denoiser and sampler sees them; `frames` counts latent frames. */
export type Latents = Tensor<"batch frames channels height width">

/** Whether a value, which may be a third party's, is latents. */
export const isLatents = (value: unknown): value is Latents => {
  const { dtype, axes } = (value ?? {}) as Partial<AnyTensor>
  return dtype === "float32" && axes?.join(" ") === "batch frames channels height width"
}

/** Pixels as media reads and writes them: 8-bit RGB. */
export type Video = Tensor<"batch frames height width channels", "uint8">

/** A tensor of any layout: a parameter type for functions that take every one. */
export interface AnyTensor<D extends DType = DType> {
  readonly dtype: D
  readonly layout: string
  readonly axes: readonly string[]
  readonly shape: readonly number[]
  readonly size: number
  readonly isContiguous: boolean
  values(): DataOf<D>
}

const parseAxes = (operation: string, layout: string): readonly string[] => {
  const axes = layout === "" ? [] : layout.split(" ")
  if (axes.includes("")) {
    throw ShapeError.of(operation, "axis names with one space between them", `"${layout}"`)
  }
  const repeated = axes.find((axis, i) => axes.indexOf(axis) !== i)
  if (repeated !== undefined) throw ShapeError.of(operation, "each axis name once", `"${layout}"`, repeated)
  return axes
}

const checkSizes = (operation: string, axes: readonly string[], shape: readonly number[]): number => {
  if (shape.length !== axes.length) {
    throw ShapeError.of(
      operation,
      `${axes.length} sizes for the axes "${axes.join(" ")}"`,
      `${shape.length}: [${shape.join(", ")}]`,
    )
  }
  let size = 1
  for (const [i, length] of shape.entries()) {
    if (!Number.isSafeInteger(length) || length < 0) {
      throw ShapeError.of(operation, "a whole number of at least 0", String(length), axes[i])
    }
    size *= length
  }
  if (!Number.isSafeInteger(size)) {
    throw ShapeError.of(operation, "fewer than 2^53 elements", `the shape [${shape.join(", ")}]`)
  }
  return size
}

/**
 * An n-dimensional array whose type carries the names of its axes and whose value carries their sizes.
 *
 * Views (`permute`, `slice`, `reshape`, `rename`) share storage with the tensor they come from; only `contiguous` copies.
 *
 * @example
 * const latents = Tensor.zeros("batch frames channels height width", [1, 5, 16, 8, 8])
 * latents.permute("batch channels frames height width").shape // [1, 16, 5, 8, 8]
 */
export class Tensor<Axes extends string, D extends DType = "float32"> implements AnyTensor<D> {
  readonly dtype: D
  /** The axis names as one string; what makes tensors of different layouts different types. */
  readonly layout: Axes
  readonly axes: readonly string[]
  readonly shape: Sizes<Axes>
  /** Steps in elements, one per axis. */
  readonly strides: readonly number[]
  /** Where in `data` the first element lies. */
  readonly offset: number
  /** The storage, which views share: not necessarily this tensor's elements in order; see `values`. */
  readonly data: DataOf<D>
  /** The number of elements. */
  readonly size: number

  private constructor(
    dtype: D,
    axes: readonly string[],
    shape: readonly number[],
    strides: readonly number[],
    offset: number,
    data: DataOf<D>,
  ) {
    this.dtype = dtype
    this.layout = axes.join(" ") as Axes
    this.axes = axes
    this.shape = shape as Sizes<Axes>
    this.strides = strides
    this.offset = offset
    this.data = data
    this.size = shape.reduce((product, length) => product * length, 1)
  }

  /** A tensor of zeros; a `ShapeError` when a size is not a whole number of at least 0. */
  static zeros<const Axes extends string, D extends DType = "float32">(
    axes: Axes,
    shape: Sizes<Axes>,
    dtype: D = "float32" as D,
  ): Tensor<Axes, D> {
    const names = parseAxes("zeros", axes)
    const sizes = [...(shape as readonly number[])]
    const size = checkSizes("zeros", names, sizes)
    return new Tensor(dtype, names, sizes, rowMajorStrides(sizes), 0, allocate(dtype, size))
  }

  /** A tensor over `data` in row-major order, which is shared and not copied; a `ShapeError` when its length is not the shape's. */
  static from<const Axes extends string, D extends DType = "float32">(
    axes: Axes,
    shape: Sizes<Axes>,
    data: DataOf<D>,
    dtype: D = "float32" as D,
  ): Tensor<Axes, D> {
    const names = parseAxes("from", axes)
    const sizes = [...(shape as readonly number[])]
    const size = checkSizes("from", names, sizes)
    if (!isDataOf(dtype, data)) {
      throw ShapeError.of(
        "from",
        `the typed array that stores ${dtype}`,
        Object.prototype.toString.call(data).slice(8, -1),
      )
    }
    if (data.length !== size) {
      throw ShapeError.of("from", `${size} elements for the shape [${sizes.join(", ")}]`, `${data.length}`)
    }
    return new Tensor(dtype, names, sizes, rowMajorStrides(sizes), 0, data)
  }

  /** The size of one axis. */
  length(axis: AxisNames<Axes>): number {
    return this.#sizes[this.#indexOf("length", axis)]!
  }

  /** Whether the elements lie in row-major order without gaps. */
  get isContiguous(): boolean {
    if (this.size === 0) return true
    const expected = rowMajorStrides(this.#sizes)
    return this.#sizes.every((length, i) => length === 1 || this.strides[i] === expected[i])
  }

  /** This tensor when its elements are its whole storage in row-major order; otherwise a copy that is. */
  contiguous(): Tensor<Axes, D> {
    if (this.isContiguous && this.data.length === this.size) return this
    const data = allocate(this.dtype, this.size)
    copyStrided(data, this.data, this.#sizes, this.strides, this.offset)
    return new Tensor(this.dtype, this.axes, this.#sizes, rowMajorStrides(this.#sizes), 0, data)
  }

  /** The same elements in storage of their own. */
  copy(): Tensor<Axes, D> {
    const own = this.contiguous()
    return new Tensor(
      this.dtype,
      this.axes,
      own.#sizes,
      own.strides,
      0,
      own === this ? (own.data.slice() as DataOf<D>) : own.data,
    )
  }

  /** The elements in row-major order, sharing storage; a `ShapeError` when this view is not contiguous. */
  values(): DataOf<D> {
    this.#requireContiguous("values")
    return this.data.subarray(this.offset, this.offset + this.size) as DataOf<D>
  }

  /** A view with the axes in another order; each axis must be named once. */
  permute<const Order extends string>(
    order: Order extends Permutation<Axes, Order> ? Order : Permutation<Axes, Order>,
  ): Tensor<Order, D> {
    const axes = parseAxes("permute", order)
    const missing = this.axes.find((axis) => !axes.includes(axis))
    if (missing !== undefined) {
      throw ShapeError.of("permute", `each of "${this.layout}" once`, `"${order}"`, missing)
    }
    const from = axes.map((axis) => this.#indexOf("permute", axis))
    const pick = (numbers: readonly number[]): readonly number[] => from.map((i) => numbers[i]!)
    return new Tensor(this.dtype, axes, pick(this.#sizes), pick(this.strides), this.offset, this.data)
  }

  /** A view of `start … end − 1` along one axis, where 0 ≤ start ≤ end ≤ the axis's size. */
  slice(axis: AxisNames<Axes>, start: number, end: number): Tensor<Axes, D> {
    const index = this.#indexOf("slice", axis)
    const length = this.#sizes[index]!
    const isWithin = Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= length
    if (!isWithin) {
      throw ShapeError.of("slice", `whole numbers with 0 ≤ start ≤ end ≤ ${length}`, `${start} and ${end}`, axis)
    }
    const offset = this.offset + start * this.strides[index]!
    return new Tensor(this.dtype, this.axes, this.#sizes.with(index, end - start), this.strides, offset, this.data)
  }

  /** A view of the same elements in row-major order with other axes and sizes; a `ShapeError` when this view is not contiguous. */
  reshape<const Names extends string>(axes: Names, shape: Sizes<Names>): Tensor<Names, D> {
    this.#requireContiguous("reshape")
    const names = parseAxes("reshape", axes)
    const sizes = [...(shape as readonly number[])]
    const size = checkSizes("reshape", names, sizes)
    if (size !== this.size) {
      throw ShapeError.of("reshape", `${this.size} elements`, `${size} in the shape [${sizes.join(", ")}]`)
    }
    return new Tensor(this.dtype, names, sizes, rowMajorStrides(sizes), this.offset, this.data)
  }

  /** A view with other axis names, in the same order. */
  rename<const Names extends string>(
    axes: Names extends SameRank<Axes, Names> ? Names : SameRank<Axes, Names>,
  ): Tensor<Names, D> {
    const names = parseAxes("rename", axes)
    if (names.length !== this.axes.length) {
      throw ShapeError.of("rename", `${this.axes.length} names for the axes "${this.layout}"`, `"${axes}"`)
    }
    return new Tensor(this.dtype, names, this.#sizes, this.strides, this.offset, this.data)
  }

  /** The shape as plain numbers: its tuple type cannot be indexed while `Axes` is a type parameter. */
  get #sizes(): readonly number[] {
    return this.shape as readonly number[]
  }

  #indexOf(operation: string, axis: string): number {
    const index = this.axes.indexOf(axis)
    if (index < 0) throw ShapeError.of(operation, `one of the axes "${this.layout}"`, `"${axis}"`)
    return index
  }

  #requireContiguous(operation: string): void {
    if (this.isContiguous) return
    throw ShapeError.of(
      operation,
      `row-major elements; call contiguous() first to copy them`,
      `a view of "${this.layout}" with the strides [${this.strides.join(", ")}]`,
    )
  }
}
