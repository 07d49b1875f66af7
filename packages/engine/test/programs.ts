import { Tensor, type ModelError, type Weights } from "@auteur/core"
import type * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { linear, type Program } from "../src/index.ts"
import { checkpoint } from "./checkpoint.ts"

export const affineWeights: Effect.Effect<Weights, ModelError, Scope.Scope> = checkpoint({
  "layer.weight": Tensor.from("out in", [2, 3], Float32Array.of(1, 2, 3, 4, 5, 6)),
  "layer.bias": Tensor.from("out", [2], Float32Array.of(10, 20)),
})

/** x (rows, 3) → y (rows, 2) on {@link affineWeights}. */
export const affine = (rows = 1): Program => ({
  key: `affine ${rows}`,
  build: (graph, weights) => graph.output("y", linear(graph.input("x", [rows, 3]), weights.scope("layer"), 2)),
})

/** x (2) → twice (2) and its square (2), without weights. */
export const twiceAndSquare: Program = {
  key: "twice and square",
  build: (graph) => {
    const x = graph.input("x", [2])
    graph.output("twice", x.multiply(2))
    graph.output("square", x.multiply(x))
  },
}

/** Many products of large matrices: at least a good fraction of a second on any machine. */
export const slow = (products: number): Program => ({
  key: `slow ${products}`,
  build: (graph) => {
    const size = 2048
    const x = graph.input("x", [1]).expand([size, size])
    let y = x
    for (let i = 0; i < products; i++) y = y.matmul(x)
    graph.output("y", y.slice(0, 0, 1).slice(1, 0, 1))
  },
})
