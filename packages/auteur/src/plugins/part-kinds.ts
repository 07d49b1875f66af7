import {
  Denoiser,
  Editor,
  Guidance,
  Inversion,
  Sampler,
  TextEncoder,
  VideoReader,
  VideoVae,
  VideoWriter,
} from "@auteur/core"

type MemberType = "string" | "number" | "object" | "function" | "boolean"

/** A kind of part that plugins may provide: its word in sentences, and what a part of the kind must have. */
export interface PartKind {
  readonly key: string
  readonly word: string
  readonly members: Readonly<Record<string, MemberType>>
}

const kind = <Shape>(
  service: { readonly key: string; readonly Service: Shape },
  word: string,
  members: { readonly [Name in keyof Shape]: MemberType },
): PartKind => ({ key: service.key, word, members: members as Readonly<Record<string, MemberType>> })

/** The parts of the pipeline that a plugin may replace. */
export const partKinds: ReadonlyArray<PartKind> = [
  kind(Sampler, "sampler", { name: "string", process: "object", schedule: "function", step: "function" }),
  kind(Guidance, "guidance", { name: "string", usesUnconditional: "function", combine: "function" }),
  kind(Inversion, "inversion", { name: "string", process: "object", schedule: "function", step: "function" }),
  kind(Editor, "editor", { name: "string", step: "function" }),
  kind(TextEncoder, "text encoder", { maxSequenceLength: "number", encode: "function", cost: "object" }),
  kind(Denoiser, "model", {
    name: "string",
    process: "object",
    imageConditioned: "boolean",
    patch: "object",
    trained: "object",
    unsupported: "function",
    predict: "function",
    cost: "function",
  }),
  kind(VideoVae, "VAE", {
    latentChannels: "number",
    spatialCompression: "number",
    temporalCompression: "number",
    scalingFactor: "number",
    imageScalingFactor: "number",
    encode: "function",
    decode: "function",
    decodedFrames: "function",
    decodeCost: "function",
    encodeCost: "function",
  }),
  kind(VideoReader, "video reader", { read: "function", readMetadata: "function" }),
  kind(VideoWriter, "video writer", { endings: "object", check: "function", write: "function", encode: "function" }),
]

/** Says what a part of a kind lacks, or `undefined` when it is whole. */
export const missingMember = ({ members }: PartKind, part: unknown): string | undefined => {
  const found = (typeof part === "object" && part !== null ? part : {}) as Readonly<Record<string, unknown>>
  const odd = Object.entries(members).find(([name, type]) => {
    const value = found[name]
    return value === null || typeof value !== type || (type === "number" && !((value as number) > 0))
  })
  if (odd === undefined) return undefined
  return `"${odd[0]}" has to be ${odd[1] === "number" ? "a number above 0" : `${odd[1] === "object" ? "an" : "a"} ${odd[1]}`}`
}
