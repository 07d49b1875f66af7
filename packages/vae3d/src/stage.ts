import type { Program, Shape, Value } from "@auteur/engine"
import { type ChunkPlace, ChunkScope } from "./chunk-scope.ts"
import { cutFrames, joinPieces, type Pieces } from "./pieces.ts"

/** A box of the encoder or the decoder that can run by itself, at the shape of one chunk. */
export interface Stage {
  /** The checkpoint's key of the box below its part, such as `up_blocks.0.resnets.1`. */
  readonly name: string
  /** Of the hidden states that it takes. */
  readonly shape: Shape
  /** The causal convolutions inside, by their keys below the part, and the shape of what each hands on. */
  readonly caches: Readonly<Record<string, Shape>>
  readonly run: (x: Pieces, part: ChunkScope, latents: Value) => Pieces
}

/** The encoder or the decoder at the shape of one chunk. */
export interface Part {
  readonly name: "encoder" | "decoder"
  readonly stages: ReadonlyArray<Stage>
  /** Hidden states of more bytes are worked on frame by frame. */
  readonly pieceBytes: number
}

/**
 * Some consecutive stages of a part as a program for the engine.
 *
 * Inputs: `hidden` (1, C, T, H, W); the chunk's `latents` where stages of the decoder run without its first one; `before …` for each causal
 * convolution of a chunk that is not the first. Outputs: `result` (1, O, T′, H′, W′), and `after …` where the chunk hands on.
 */
export const stageProgram = (part: Part, from: number, to: number, place: ChunkPlace): Program => {
  const stages = part.stages.slice(from, to)
  const shape = part.stages[0]!.shape
  const needsLatents = part.name === "decoder" && from > 0
  const cut = stages.length === part.stages.length ? "" : ` ${stages.map(({ name }) => name).join("+")}`
  return {
    key: `${part.name}${cut} ${shape.slice(2).join("x")} ${place.first ? "first" : "next"}${place.handsOn ? "" : " last"}`,
    build: (graph, weights) => {
      const hidden = graph.input("hidden", stages[0]!.shape)
      const latents = needsLatents ? graph.input("latents", shape) : hidden
      let x: Pieces = [hidden]
      const scope = new ChunkScope(weights, place, part.name)
      for (const stage of stages) {
        x = graph.block(`${part.name}.${stage.name}`, () => stage.run(cutFrames(x, part.pieceBytes), scope, latents))
      }
      graph.output("result", joinPieces(x))
    },
  }
}

/** What the convolutions of a resnet block, or of a convolution by itself, hand on: the two last frames that they saw. */
export const cachesOf = (
  name: string,
  channels: number,
  out: number,
  height: number,
  width: number,
): Readonly<Record<string, Shape>> => {
  const frames = (depth: number): Shape => [1, depth, 2, height, width]
  return name.includes("resnets")
    ? { [`${name}.conv1`]: frames(channels), [`${name}.conv2`]: frames(out) }
    : { [name]: frames(channels) }
}
