import type { Weights } from "@auteur/core"
import { ModelError } from "@auteur/core"
import type { ElementType, Graph, Shape } from "./graph.ts"
import type { Value } from "./value.ts"

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

  /**
   * A tensor of the checkpoint, widened to float32 where it is stored in 16 bits.
   *
   * Throws a {@link ModelError} that names the tensor when it is missing or of another shape.
   */
  tensor(name: string, shape: Shape): Value {
    const key = this.#prefix + name
    const stored = this.#weights.tensors.get(key)
    if (stored === undefined) {
      throw new ModelError({ message: missing(key, shape, this.#weights) })
    }
    if (stored.shape.length !== shape.length || stored.shape.some((length, i) => length !== shape[i])) {
      throw new ModelError({
        message: `The tensor "${key}" in ${this.#weights.source} has the shape [${stored.shape.join(", ")}], but its config.json asks for [${shape.join(", ")}]: the weights and the config do not belong together.`,
      })
    }
    if (!supported.has(stored.dtype)) {
      throw new ModelError({
        message: `The tensor "${key}" in ${this.#weights.source} is stored as ${stored.dtype}; weights in float32, float16 or bfloat16 can be run: convert the checkpoint to one of them.`,
      })
    }
    return this.#graph.weight(key, shape, stored.dtype as ElementType).cast("float32")
  }
}

const supported = new Set<string>(["float32", "float16", "bfloat16"])

const missing = (key: string, shape: Shape, weights: Weights): string => {
  const parts = new Set(key.split("."))
  const alike = [...weights.tensors]
    .filter(([, stored]) => stored.shape.join() === shape.join())
    .map(([name]) => ({ name, common: name.split(".").filter((part) => parts.has(part)).length }))
    .toSorted((a, b) => b.common - a.common)[0]
  const hint =
    alike === undefined || alike.common < parts.size - 1
      ? "download the file again, or check that it belongs to this config.json"
      : `the nearest name in it is "${alike.name}", which may be the same tensor renamed`
  return `The tensor "${key}" of shape [${shape.join(", ")}] is missing from ${weights.source}: ${hint}.`
}
