/** Where one tensor of a checkpoint lies. */
export interface StoredTensor {
  /** Element type, by the tensor's own name: `float32`, `float16`, `bfloat16`, … */
  readonly dtype: string
  readonly shape: ReadonlyArray<number>
  /** The file, as the runtime that reads it names it. */
  readonly file: string
  /** Bytes from the start of the file. */
  readonly offset: number
  readonly byteLength: number
}

/** The tensors of one component's checkpoint, found but not read. */
export interface Weights {
  /** The file, or the folder of shards, that holds the tensors, for messages. */
  readonly source: string
  readonly tensors: ReadonlyMap<string, StoredTensor>
  /** Texts that the file itself carries. */
  readonly metadata?: Readonly<Record<string, string>>
  /** The additions of LoRA files to linear layers, by the layer's name, such as `transformer_blocks.0.attn1.to_q`. */
  readonly adapters?: ReadonlyMap<string, ReadonlyArray<LowRank>>
}

/** A low-rank addition to a linear layer: scale · α · B(A x), of tensors that lie among those of the {@link Weights}. */
export interface LowRank {
  readonly rank: number
  readonly scale: number
  /** The key of A, of shape [rank, in]. */
  readonly down: string
  /** The key of B, of shape [out, rank]. */
  readonly up: string
  /** The key of α, a single number, where a file holds it. */
  readonly alpha?: string
}
