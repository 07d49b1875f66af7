import { type GuidanceShape, RequestError } from "@auteur/core"
import { adaptiveProjected } from "./adaptive-projected.ts"
import { classifierFree } from "./classifier-free.ts"
import { dynamicClassifierFree } from "./dynamic.ts"
import { rescaledGuidance } from "./rescaled.ts"

export type GuidanceName = "classifier-free" | "dynamic" | "rescaled" | "adaptive-projected"

/** The guidance methods by name, each with its defaults. */
export const guidances: Readonly<Record<GuidanceName, GuidanceShape>> = {
  "classifier-free": classifierFree,
  dynamic: dynamicClassifierFree,
  rescaled: rescaledGuidance(),
  "adaptive-projected": adaptiveProjected(),
}

/** The guidance methods that are known by name. */
export const guidanceNames: ReadonlyArray<GuidanceName> = Object.keys(guidances) as ReadonlyArray<GuidanceName>

/** A guidance method by its name; throws a `RequestError` for a name that is not in {@link guidanceNames}. */
export const guidanceNamed = (name: string): GuidanceShape => {
  if (!Object.hasOwn(guidances, name)) {
    throw new RequestError({ message: `There is no guidance "${name}"; choose one of ${guidanceNames.join(", ")}.` })
  }
  return guidances[name as GuidanceName]
}
