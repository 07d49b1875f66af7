import type { GuidedText, ComponentStates } from "./predict.ts"
import type { Checkpoint } from "./checkpoint.ts"
import type { EditorShape } from "../services/editor.ts"
import type { Random } from "../random/random.ts"
import type { RunPlan } from "./plan.ts"

/** A run of the pipeline: what was asked for, what it came to, its random numbers, and what its parts keep. */
export interface Run {
  readonly request: Checkpoint["request"]
  readonly plan: RunPlan
  readonly random: Random
  readonly states: ComponentStates
  /** What makes the steps in the sampler's place, where the run is an edit. */
  readonly editor: EditorShape | undefined
}

/** The prompts of a run: of the video to be made, and of the one that it is made from. */
export interface RunTexts {
  readonly target: GuidedText
  readonly source: GuidedText | undefined
}
