import manifest from "../package.json" with { type: "json" }

/** The version of this package, which its videos carry. */
export const version: string = manifest.version
