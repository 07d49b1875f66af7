import { guidanceNames, inversionNames, samplerNames } from "@auteur/samplers"

/** auteur's own parts by kind, as far as there is a choice. */
export const builtInParts: Readonly<Record<string, ReadonlyArray<string>>> = {
  sampler: samplerNames,
  guidance: guidanceNames,
  inversion: inversionNames,
  editor: ["flow-edit"],
}
