import { type AnyPlugin, latentSpaces, PluginError, VideoVae } from "@auteur/core"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Services } from "./built-plugin.ts"
import { fenced } from "./fence.ts"
import type { PluginLimits } from "./limits.ts"
import { missingMember, partKinds } from "./part-kinds.ts"

/** A plugin's services, those of the pipeline checked and fenced; a {@link PluginError} for one that is not whole. */
export const checkServices: (
  plugin: AnyPlugin,
  context: Context.Context<never>,
  limits: PluginLimits,
) => Effect.Effect<Services, PluginError> = Effect.fnUntraced(function* (
  plugin: AnyPlugin,
  context: Context.Context<never>,
  limits: PluginLimits,
) {
  const refuse = (problem: string) => new PluginError({ message: `The plugin "${plugin.name}" ${problem}` })
  const services = new Map<string, unknown>(context.mapUnsafe)
  for (const kind of partKinds) {
    if (!services.has(kind.key)) continue
    const part: unknown = services.get(kind.key)
    const missing = missingMember(kind, part)
    if (missing !== undefined) return yield* refuse(`provides a ${kind.word} that is none: its ${missing}.`)
    services.set(kind.key, fenced(kind, part as object, plugin.name, limits))
  }
  const vae = services.get(VideoVae.key) as VideoVae["Service"] | undefined
  if (vae === undefined) return services
  const spaces = latentSpaces(context)
  if (spaces.length === 0) {
    return yield* refuse(
      'provides a VAE without its latent space: provide LatentSpace("name") beside it, with the name of a space that a network can ask for.',
    )
  }
  for (const { name, channels, spatialCompression, temporalCompression } of spaces) {
    const [said, has] = [
      [channels, spatialCompression, temporalCompression],
      [vae.latentChannels, vae.spatialCompression, vae.temporalCompression],
    ].map((numbers) => numbers.join("×")) as [string, string]
    if (said === has) continue
    return yield* refuse(
      `provides a VAE of ${has} (channels, spatial and temporal compression), but calls its latent space "${name}" one of ${said}: the two have to be the same.`,
    )
  }
  return services
})
