import { type AnyPlugin, Denoiser, type LatentSpaceShape, latentSpaces, PluginError, VideoVae } from "@auteur/core"
import * as Cause from "effect/Cause"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { endWithin } from "./end-within.ts"
import { fenced } from "./fence.ts"
import { defaultLimits, type PluginLimits } from "./limits.ts"
import { missingMember, partKinds } from "./part-kinds.ts"

/** A plugin that is loaded, and what came of it. */
export interface PluginReport {
  readonly name: string
  readonly apiVersion: string
  /** Where it was found: a file, or `code`. */
  readonly from: string
  readonly provides: ReadonlyArray<ProvidedPart>
}

export interface ProvidedPart {
  /** Such as `sampler`. */
  readonly kind: string
  readonly name?: string
  /** The plugin that came later and provides the same, so that this one is not used. */
  readonly replacedBy?: string
}

/** A plugin with the place that it came from. */
export interface LoadedPlugin extends AnyPlugin {
  readonly from?: string
}

/** What plugins are put on. */
export interface PluginBase<Parts, E> {
  /** The parts of the model that is open, and whatever else plugins may require. */
  readonly parts: Context.Context<Parts>
  readonly model: string
  /** Builds the model's own network over another VAE, given the latent space that it needs. */
  readonly space: string
  readonly denoiser: (parts: Context.Context<never>) => Effect.Effect<Context.Context<Denoiser>, E, Scope.Scope>
}

type Services = ReadonlyMap<string, unknown>

interface Built {
  readonly plugin: LoadedPlugin
  readonly services: Services
  /** Counts builds, so that what was built before what can be said. */
  readonly turn: number
  readonly scope: Scope.Closeable
}

interface Composed<Parts> {
  readonly parts: Context.Context<Parts>
  readonly reports: ReadonlyArray<PluginReport>
}

/**
 * Puts plugins on the parts of a model. Each is built over the model's parts and those of the plugins that are built already; one that
 * requires what another provides waits for it. Where two provide the same, the later in the list is used.
 *
 * A plugin's VAE takes the place of the model's with its latent space, and the network has to be one for that space: the model's own
 * is built anew over it, or a plugin brings one.
 */
export const composePlugins: <Parts, E>(
  base: PluginBase<Parts, E>,
  plugins: ReadonlyArray<LoadedPlugin>,
  limits?: PluginLimits,
) => Effect.Effect<Composed<Parts>, PluginError | E, Scope.Scope> = Effect.fnUntraced(function* <Parts, E>(
  base: PluginBase<Parts, E>,
  plugins: ReadonlyArray<LoadedPlugin>,
  limits: PluginLimits = {},
) {
  const scope = yield* Effect.scope
  const built: Array<Built | undefined> = plugins.map(() => undefined)
  let turn = 0

  const build = Effect.fnUntraced(function* (index: number) {
    const plugin = plugins[index]!
    const own = yield* Scope.fork(scope)
    const { parts } = yield* assemble(base, built)
    const exit = yield* buildLayer(plugin, parts, limits).pipe(Scope.provide(own), Effect.exit)
    if (Exit.isSuccess(exit)) {
      built[index] = { plugin, services: yield* checkServices(plugin, exit.value, limits), turn: turn++, scope: own }
      return undefined
    }
    yield* Scope.close(own, exit)
    return exit.cause
  })

  let waiting = [...plugins.keys()]
  while (waiting.length > 0) {
    const next: Array<number> = []
    const missing: Array<PluginError> = []
    for (const index of waiting) {
      const cause = yield* build(index)
      if (cause === undefined) continue
      const lacking = missingService(cause)
      if (lacking === undefined) return yield* failedToBuild(plugins[index]!, cause)
      missing.push(isMissing(plugins[index]!, lacking, base, built))
      next.push(index)
    }
    if (next.length === waiting.length) return yield* missing[0]!
    waiting = next
  }

  // A network that was built over another VAE than the one that is used in the end has to fit that one too.
  const vae = lastWith(built, VideoVae.key)
  const network = lastWith(built, Denoiser.key)
  if (vae !== undefined && network !== undefined && network.turn < vae.turn) {
    const index = built.indexOf(network)
    built[index] = undefined
    yield* Scope.close(network.scope, Exit.void)
    const cause = yield* build(index)
    const lacking = cause === undefined ? undefined : missingService(cause)
    if (lacking !== undefined) return yield* isMissing(network.plugin, lacking, base, [...built, vae])
    if (cause !== undefined) return yield* failedToBuild(network.plugin, cause)
  }

  const { parts, mismatch } = yield* assemble(base, built)
  if (mismatch !== undefined) return yield* mismatch
  return { parts: parts as Context.Context<Parts>, reports: reportsOf(built as ReadonlyArray<Built>) }
})

/** The parts as they are with the plugins that are built so far, and why the network is not among them, where it is not. */
const assemble = Effect.fnUntraced(function* <Parts, E>(
  base: PluginBase<Parts, E>,
  built: ReadonlyArray<Built | undefined>,
) {
  const parts = new Map<string, unknown>(base.parts.mapUnsafe)
  for (const each of built) for (const [key, service] of each?.services ?? []) parts.set(key, service)
  const vae = lastWith(built, VideoVae.key)
  if (vae === undefined) return { parts: contextOf(parts), mismatch: undefined }
  for (const key of parts.keys()) if (isSpace(key) && !vae.services.has(key)) parts.delete(key)
  if (lastWith(built, Denoiser.key) !== undefined) return { parts: contextOf(parts), mismatch: undefined }

  parts.delete(Denoiser.key)
  const spaces = latentSpaces(contextOf(vae.services))
  if (!spaces.some(({ name }) => name === base.space)) {
    const mismatch = new PluginError({
      message: `The VAE of the plugin "${vae.plugin.name}" has the latent space ${quoted(spaces)}, but the network of ${base.model} needs "${base.space}": add a plugin with a network for that space, or leave the VAE out.`,
    })
    return { parts: contextOf(parts), mismatch }
  }
  const denoiser = yield* base.denoiser(contextOf(parts))
  for (const [key, service] of denoiser.mapUnsafe) parts.set(key, service)
  return { parts: contextOf(parts), mismatch: undefined }
})

const contextOf = (services: Services): Context.Context<never> => Context.makeUnsafe(services)
const isSpace = (key: string): boolean => key.startsWith("@auteur/core/LatentSpace/")
const quoted = (spaces: ReadonlyArray<LatentSpaceShape>): string => spaces.map(({ name }) => `"${name}"`).join(", ")
const lastWith = (built: ReadonlyArray<Built | undefined>, key: string): Built | undefined =>
  built.findLast((each) => each?.services.has(key))

const buildLayer = (plugin: AnyPlugin, parts: Context.Context<never>, limits: PluginLimits) => {
  const { callSeconds = defaultLimits.callSeconds } = limits
  return endWithin(
    Effect.provideContext(Layer.build(plugin.layer as Layer.Layer<never, unknown>), parts),
    callSeconds,
    () =>
      new Error(`it is not there after ${callSeconds} seconds (pluginLimits.callSeconds in the config is the limit)`),
  )
}

const missingService = (cause: Cause.Cause<unknown>): string | undefined => {
  const thrown: unknown = Cause.squash(cause)
  return thrown instanceof Error ? /^Service not found: (.+)/.exec(thrown.message)?.[1] : undefined
}

const isMissing = <Parts, E>(
  plugin: AnyPlugin,
  key: string,
  { model }: PluginBase<Parts, E>,
  built: ReadonlyArray<Built | undefined>,
): PluginError => {
  if (!isSpace(key)) {
    const kind = partKinds.find((kind) => kind.key === key)
    return new PluginError({
      message: `The plugin "${plugin.name}" requires ${kind === undefined ? `the service "${key}"` : `a ${kind.word}`}, which neither ${model} nor another plugin provides: add the plugin that does.`,
    })
  }
  const space = key.slice("@auteur/core/LatentSpace/".length)
  const vae = lastWith(built, VideoVae.key)
  const found = vae === undefined ? "" : ` of the plugin "${vae.plugin.name}"`
  const spaces = vae === undefined ? "" : `, which has ${quoted(latentSpaces(contextOf(vae.services)))}`
  return new PluginError({
    message: `The plugin "${plugin.name}" needs the latent space "${space}", but the VAE${found} does not have it${spaces}: add a plugin with a VAE of that space, or leave one of the two out.`,
  })
}

const failedToBuild = (plugin: AnyPlugin, cause: Cause.Cause<unknown>): PluginError => {
  const thrown: unknown = Cause.squash(cause)
  const reason = thrown instanceof Error ? thrown.message : String(thrown)
  return new PluginError({ message: `The plugin "${plugin.name}" cannot be started: ${reason}`, cause: thrown })
}

/** A plugin's services, those of the pipeline checked and fenced; a {@link PluginError} for one that is not whole. */
const checkServices = Effect.fnUntraced(function* (
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

const reportsOf = (built: ReadonlyArray<Built>): ReadonlyArray<PluginReport> =>
  built.map(({ plugin, services }, index) => ({
    name: plugin.name,
    apiVersion: plugin.apiVersion,
    from: plugin.from ?? "code",
    provides: partKinds.flatMap(({ key, word }) => {
      if (!services.has(key)) return []
      const { name } = services.get(key) as { readonly name?: string }
      const later = built.slice(index + 1).findLast((other) => other.services.has(key))
      const part: ProvidedPart = {
        kind: word,
        ...(name === undefined ? {} : { name }),
        ...(later === undefined ? {} : { replacedBy: later.plugin.name }),
      }
      return [part]
    }),
  }))
