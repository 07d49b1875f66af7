import {
  type AnyPlugin,
  Denoiser,
  Editor,
  Guidance,
  Inversion,
  latentSpaces,
  PluginError,
  Sampler,
  TextEncoder,
  VideoReader,
  VideoVae,
  VideoWriter,
} from "@auteur/core"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { attributeErrors } from "./attribute-errors.ts"

type MemberType = "string" | "number" | "object" | "function" | "boolean"

/** A kind of component that plugins may provide: its word in sentences, and the members that it must have. */
export interface ComponentKind {
  readonly key: string
  readonly word: string
  readonly members: Readonly<Record<string, MemberType>>
}

const kind = <Shape>(
  service: { readonly key: string; readonly Service: Shape },
  word: string,
  members: { readonly [Name in keyof Shape]: MemberType },
): ComponentKind => ({ key: service.key, word, members: members as Readonly<Record<string, MemberType>> })

/** The components of the pipeline that a plugin may replace. */
export const componentKinds: ReadonlyArray<ComponentKind> = [
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

/**
 * The services of a plugin, those of the pipeline checked and with their errors attributed to it; a {@link PluginError} for a component
 * that lacks a member, and for a plugin that provides nothing.
 */
export const checkServices: (
  plugin: AnyPlugin,
  context: Context.Context<never>,
) => Effect.Effect<ReadonlyMap<string, unknown>, PluginError> = Effect.fnUntraced(function* (plugin, context) {
  const refuse = (problem: string) => new PluginError({ message: `The plugin "${plugin.name}" ${problem}` })
  const services = new Map<string, unknown>(context.mapUnsafe)
  // The layer's own entry is always there.
  if ([...services.keys()].every((key) => key === Layer.CurrentMemoMap.key)) {
    return yield* refuse("provides nothing: its layer has to provide a component, such as a Sampler.")
  }
  for (const kind of componentKinds) {
    if (!services.has(kind.key)) continue
    const component: unknown = services.get(kind.key)
    const missing = missingMember(kind, component)
    if (missing !== undefined) return yield* refuse(`provides an incomplete ${kind.word}: its ${missing}.`)
    services.set(kind.key, attributeErrors(kind, component as object, plugin.name))
  }
  const problem = latentSpaceProblem(context, services.get(VideoVae.key) as VideoVae["Service"] | undefined)
  return problem === undefined ? services : yield* refuse(problem)
})

const missingMember = ({ members }: ComponentKind, component: unknown): string | undefined => {
  const found = (typeof component === "object" && component !== null ? component : {}) as Readonly<
    Record<string, unknown>
  >
  const wrong = Object.entries(members).find(([name, type]) => {
    const value = found[name]
    return value === null || typeof value !== type || (type === "number" && !((value as number) > 0))
  })
  if (wrong === undefined) return undefined
  const [name, type] = wrong
  return `"${name}" has to be ${type === "number" ? "a number above 0" : `${type === "object" ? "an" : "a"} ${type}`}`
}

/** Says how a VAE and the latent spaces that are declared beside it contradict each other. */
const latentSpaceProblem = (
  context: Context.Context<never>,
  vae: VideoVae["Service"] | undefined,
): string | undefined => {
  if (vae === undefined) return undefined
  const spaces = latentSpaces(context)
  if (spaces.length === 0) {
    return 'provides a VAE without its latent space: provide LatentSpace("name") beside it, with the name of a space that a network requires.'
  }
  const ofVae = [vae.latentChannels, vae.spatialCompression, vae.temporalCompression].join("×")
  for (const { name, channels, spatialCompression, temporalCompression } of spaces) {
    const declared = [channels, spatialCompression, temporalCompression].join("×")
    if (declared === ofVae) continue
    return `provides a VAE of ${ofVae} (channels, spatial and temporal compression), but declares its latent space "${name}" as ${declared}: the two have to be the same.`
  }
  return undefined
}
