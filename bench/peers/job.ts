/** The same work for both sides; paths are absolute. */
export type Work =
  /** A new process loads the model, makes a video and writes it. */
  | ({ readonly kind: "command" } & Generation)
  /** Each run makes a video and writes it, in one process with the model loaded. */
  | ({ readonly kind: "generate" } & Generation)
  /** Each run encodes one prompt. */
  | { readonly kind: "text"; readonly model: string; readonly prompts: ReadonlyArray<string> }
  /** Each run is one forward of a transformer on `hidden_states`, `encoder_hidden_states` and `timestep` of `inputs`. */
  | { readonly kind: "transformer"; readonly folder: string; readonly inputs: string }
  /** Each run decodes the scaled `latents` of `inputs`, (batch, frames, channels, height, width). */
  | { readonly kind: "decode"; readonly folder: string; readonly inputs: string }

interface Generation {
  readonly model: string
  /** Run i takes prompt i, so that nothing can be kept from the run before. */
  readonly prompts: ReadonlyArray<string>
  readonly seed: number
  readonly steps: number
  readonly guidance: number
}

/** The length of a measurement; there is at least one run. */
export interface Repetition {
  /** Runs after the first one, which is not counted. */
  readonly atLeast: number
  /** Runs continue until so much time has passed. */
  readonly seconds: number
  /** After so much time there are no more runs, however few there have been. */
  readonly atMostSeconds: number
}

/** The job of one process, read as JSON from the path that is its only argument. */
export type Job = Work &
  Repetition & {
    /** How numbers are held: see {@link Mode}. */
    readonly mode: Mode
    readonly threads: number
    /** The file for the first run's output: safetensors with one tensor, `output`. */
    readonly output: string
    /** The path of videos, without the ending that their writer adds. */
    readonly video: string
  }

/**
 * - `float32`: weights, numbers and products in float32
 * - `mapped`: auteur with 16-bit weights left in the file, computing in float32
 * - `bfloat16`: PyTorch with weights and numbers in bfloat16
 * - `autocast`: PyTorch with float32 weights under bfloat16 autocast
 */
export type Mode = "float32" | "mapped" | "bfloat16" | "autocast"

/** The last line of output of the process. */
export interface Timings {
  /** The run that made sessions and filled caches. */
  readonly first: number
  readonly seconds: ReadonlyArray<number>
}

export type JobOf<Kind extends Job["kind"]> = Extract<Job, { readonly kind: Kind }>
