import { ModelError, type Weights } from "@auteur/core"
import type { ElementType } from "./element-type.ts"
import type { Graph } from "./graph.ts"
import type { Shape, Value } from "./value.ts"

/** A low-rank addition to a linear layer: scale · α · B(A x). */
interface Adapter {
  readonly rank: number
  readonly scale: number
  readonly down: Value
  readonly up: Value
  readonly alpha: Value | undefined
}

/** The checkpoint's tensors below a prefix, as a model's code names them. */
export class WeightScope {
  readonly #graph: Graph
  readonly #weights: Weights
  readonly #prefix: string

  constructor(graph: Graph, weights: Weights, prefix = "") {
    this.#graph = graph
    this.#weights = weights
    this.#prefix = prefix
  }

  /** The tensors below `name`, a part of the key such as `attn1.to_q`. */
  scope(name: string): WeightScope {
    return new WeightScope(this.#graph, this.#weights, `${this.#prefix}${name}.`)
  }

  has(name: string): boolean {
    return this.#weights.tensors.has(this.#prefix + name)
  }

  /** The low-rank additions of LoRA files to the linear layer of this name. A: (rank, in), B: (out, rank), α: () */
  adapters(features: number, inner: number): ReadonlyArray<Adapter> {
    const weights = this.#weights
    const root = new WeightScope(this.#graph, weights)
    return (weights.adapters?.get(this.#prefix.slice(0, -1)) ?? []).map(({ rank, scale, down, up, alpha }) => ({
      rank,
      scale,
      down: root.tensor(down, [rank, inner]),
      up: root.tensor(up, [features, rank]),
      // kohya's scripts write α as a whole number where it is the rank.
      alpha:
        alpha === undefined
          ? undefined
          : root.#read(alpha, weights.tensors.get(alpha)?.shape ?? [], number).cast("float32"),
    }))
  }

  /** A tensor of the checkpoint as float32, widened or narrowed to it where it is stored otherwise. Throws as {@link stored} does. */
  tensor(name: string, shape: Shape): Value {
    return this.stored(name, shape).cast("float32")
  }

  /**
   * A tensor of the checkpoint in the type that it is stored in, for a large table of which few rows are read.
   *
   * Throws a {@link ModelError} that names the tensor when it is missing or of another shape.
   */
  stored(name: string, shape: Shape): Value {
    return this.#read(name, shape, floatingPoint)
  }

  #read(name: string, shape: Shape, types: ReadonlySet<string>): Value {
    const key = this.#prefix + name
    const found = this.#weights.tensors.get(key)
    const { source } = this.#weights
    if (found === undefined) {
      throw new ModelError({
        message: `The tensor "${key}" of shape [${shape.join(", ")}] is missing from ${source}: download the file again, or check that it belongs to its config.json.`,
      })
    }
    if (found.shape.length !== shape.length || found.shape.some((length, i) => length !== shape[i])) {
      throw new ModelError({
        message: `The tensor "${key}" in ${source} has the shape [${found.shape.join(", ")}], but its config.json asks for [${shape.join(", ")}]: the weights and the config do not belong together.`,
      })
    }
    if (!types.has(found.dtype)) {
      throw new ModelError({
        message: `The tensor "${key}" in ${source} is stored as ${found.dtype}; weights in float16, bfloat16, float32 or float64 can be run: convert the checkpoint to one of them.`,
      })
    }
    return this.#graph.weight(key, shape, found.dtype as ElementType)
  }
}

const floatingPoint = new Set<string>(["float16", "bfloat16", "float32", "float64"])
const number = new Set<string>([...floatingPoint, "int64", "int32"])
