import type { Program, Shape, Value } from "@auteur/engine"
import { type ChunkPlace, ChunkScope } from "./conv-cache.ts"
import { cutFrames, joinSegments, type Segments } from "./segments.ts"

/** A block of the encoder or the decoder: a function of hidden states that can run by itself. */
export interface Block {
  /** The checkpoint's key below the network, such as `up_blocks.0.resnets.1`. */
  readonly name: string
  /** x: (1, C, T, H, W) → (1, O, T′, H′, W′); z: the chunk's latents, which the decoder's norms need. */
  readonly forward: (x: Segments, scope: ChunkScope, z: Value) => Segments
  /** The shape of its result for one of hidden states. */
  readonly outShape: (x: Shape) => Shape
  /** The shapes of what its causal convolutions see, by their keys below the network. */
  readonly convolved: (x: Shape) => Readonly<Record<string, Shape>>
}

/** A {@link Block} with the shape of its hidden states. */
export interface ShapedBlock extends Block {
  readonly shape: Shape
}

/** The encoder or the decoder at the shape of one chunk. */
export interface Network {
  readonly name: "encoder" | "decoder"
  readonly blocks: ReadonlyArray<ShapedBlock>
  /** Hidden states of more bytes are cut into frames. */
  readonly segmentBytes: number
}

/** A network for hidden states of a shape, given its blocks in order. */
export const network = (
  name: Network["name"],
  shape: Shape,
  blocks: ReadonlyArray<Block>,
  segmentBytes: number,
): Network => {
  const shaped: Array<ShapedBlock> = []
  let x = shape
  for (const block of blocks) {
    shaped.push({ ...block, shape: x })
    x = block.outShape(x)
  }
  return { name, blocks: shaped, segmentBytes }
}

/** The paths of the causal convolutions in blocks of a network, each with the shape of what it convolves. */
export const causalConvolutions = ({ name }: Network, blocks: ReadonlyArray<ShapedBlock>): ReadonlyMap<string, Shape> =>
  new Map(
    blocks.flatMap(({ convolved, shape }) =>
      Object.entries(convolved(shape)).map(([key, x]) => [`${name}.${key}`, x] as const),
    ),
  )

/**
 * The blocks `from` to `to` (exclusive) of a network as a program for the engine; by default all.
 *
 * Inputs: `hidden` (1, C, T, H, W); the chunk's `latents` where blocks of the decoder run without its first one; `before …` for each causal
 * convolution of a chunk that is not the first. Outputs: `result` (1, O, T′, H′, W′), and `after …` where the chunk hands on.
 */
export const networkProgram = (
  { name, blocks, segmentBytes }: Network,
  place: ChunkPlace,
  from = 0,
  to: number = blocks.length,
): Program => {
  const run = blocks.slice(from, to)
  const { shape } = blocks[0]!
  const needsLatents = name === "decoder" && from > 0
  const cut = run.length === blocks.length ? "" : ` ${run.map((block) => block.name).join("+")}`
  return {
    key: `${name}${cut} ${shape.slice(2).join("x")} ${place.first ? "first" : "next"}${place.handsOn ? "" : " last"}`,
    build: (graph, weights) => {
      const hidden = graph.input("hidden", run[0]!.shape)
      const z = needsLatents ? graph.input("latents", shape) : hidden
      const scope = new ChunkScope(weights, place, name)
      let x: Segments = [hidden]
      for (const block of run) {
        x = graph.block(`${name}.${block.name}`, () => block.forward(cutFrames(x, segmentBytes), scope, z))
      }
      graph.output("result", joinSegments(x))
    },
  }
}
