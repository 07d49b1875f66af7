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
  /** What the tensors were found in, for messages: a file or a folder of shards. */
  readonly source: string
  readonly tensors: ReadonlyMap<string, StoredTensor>
}
