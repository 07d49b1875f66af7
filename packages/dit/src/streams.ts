import { concat, type Value } from "@auteur/engine"

/** The two kinds of tokens that run through the blocks side by side. */
export interface Streams {
  /** (B, text tokens, D) */
  readonly text: Value
  /** (B, video tokens, D) */
  readonly video: Value
}

/** One sequence for what treats both kinds alike, text first. */
export const join = ({ text, video }: Streams): Value => concat([text, video], 1)

/** x + gate · y for both kinds, with y as one sequence and a gate (B, 1, D) for each kind. */
export const addGated = (x: Streams, gate: Streams, joint: Value): Streams => {
  const [text, video] = joint.split(1, [x.text.length(1), x.video.length(1)])
  return {
    text: x.text.add(text!.multiply(gate.text)),
    video: x.video.add(video!.multiply(gate.video)),
  }
}
