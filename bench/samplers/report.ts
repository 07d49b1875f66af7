import { markdownTable } from "../format.ts"
import type { Quality, QualityResults } from "./results.ts"

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length
const distinct = <A>(values: ReadonlyArray<A>): ReadonlyArray<A> => [...new Set(values)]

/** A row for each name and a column for each setting. */
const grid = (
  qualities: ReadonlyArray<Quality>,
  setting: "steps" | "guidance",
  head: string,
  cell: (quality: Quality) => string,
): string => {
  const settings = distinct(qualities.map((quality) => quality[setting]))
  const rows = distinct(qualities.map(({ name }) => name)).map((name) => [
    `\`${name}\``,
    ...settings.map((value) => {
      const found = qualities.find((quality) => quality.name === name && quality[setting] === value)
      return found === undefined ? "–" : cell(found)
    }),
  ])
  return markdownTable([head, ...settings.map(String)], rows, 1)
}

const seen = ({ scene, subject, motion }: Quality): string => `${scene} · ${subject} · ${motion}`

/** The tables of docs/samplers.md. */
export const qualityReport = (results: QualityResults): string => {
  const { model, commit, prompts, seeds, reference, referencePsnr, samplers, guidances } = results
  const compared = samplers.filter(({ psnr }) => psnr.length > 0)
  const clips = prompts.length * seeds.length
  const known = Math.min(...referencePsnr).toFixed(0)
  return [
    `**How near to the end of the flow.** dB (PSNR of the 8-bit frames, mean over ${prompts.length} prompts, seed ${seeds[0]}) against the clip that`,
    `\`${reference.sampler}\` makes of the same noise with ${reference.steps} steps; \`ddim\` with as many is ${known} dB or more from that. \`dpm\` and \`ddpm\``,
    `draw noise on the way and end at other clips, however many their steps: they cannot be compared so.`,
    "",
    grid(compared, "steps", "steps", ({ psnr }) => mean(psnr).toFixed(1)),
    "",
    `**What the clips show.** Scene · subject · motion: in how many of ${clips} clips (${prompts.length} prompts, ${seeds.length} seeds) a check of colours finds what the`,
    "prompt says.",
    "",
    grid(samplers, "steps", "steps", seen),
    "",
    `**Guidance.** The same check with \`ddim\`, ${guidances[0]!.steps} steps, by the guidance scale; and the share of the colour values that are`,
    "black or full, which oversaturation raises.",
    "",
    grid(
      guidances,
      "guidance",
      "guidance scale",
      (quality) => `${seen(quality)}, ${(100 * quality.clipped).toFixed(1)}%`,
    ),
    "",
    `Measured with ${model}, a guidance scale of ${reference.guidance} unless stated otherwise; commit ${commit}. The prompts: ${prompts.map((prompt) => `"${prompt}"`).join(", ")}.`,
  ].join("\n")
}
