import type { LatentSize } from "@auteur/core"
import type { TransformerConfig } from "./config.ts"
import { gridOf } from "./grid.ts"

/** Tokens of one text and its video up to which several texts are answered in one run. */
const fewTokens = 1024

/**
 * Whether the texts of a step are answered in one run or one after the other.
 *
 * Measured on two cores (AVX2), two runs against one run of both: 1.26 times the time for the bundled model's 104 tokens of
 * 192 channels, where each operator's fixed cost counts; with 1920 channels 1.02 and 1.07 at 104 and 344 tokens, 0.96 and 1.01
 * at 1026 and 1986, with half the intermediate memory. So many tokens go one after the other; the rule looks at nothing but
 * the size, so that equal requests give equal bytes.
 */
export const areOneBatch = (config: TransformerConfig, size: LatentSize, textTokens: number): boolean => {
  const { frames, height, width } = gridOf(config, size)
  return textTokens + frames * height * width <= fewTokens
}
