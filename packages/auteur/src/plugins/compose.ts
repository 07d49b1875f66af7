import { type AnyPlugin, Denoiser, latentSpaces, PluginError, VideoVae } from "@auteur/core"
import * as Cause from "effect/Cause"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { type BuiltPlugin, contextOf, isSpace, lastWith, type LoadedPlugin, quoted } from "./built-plugin.ts"
import { checkServices } from "./check-services.ts"
import { endWithin } from "./end-within.ts"
import { defaultLimits, type PluginLimits } from "./limits.ts"
import { partKinds } from "./part-kinds.ts"
import { type PluginReport, reportsOf } from "./plugin-report.ts"

/** What plugins are put on. */
export interface PluginBase<Parts, E> {
  /** The parts of the model that is open, and whatever else plugins may require. */
  readonly parts: Context.Context<Parts>
  readonly model: string
  /** Builds the model's own network over another VAE, given the latent space that it needs. */
  readonly space: string
  readonly denoiser: (parts: Context.Context<never>) => Effect.Effect<Context.Context<Denoiser>, E, Scope.Scope>
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
  const built: Array<BuiltPlugin | undefined> = plugins.map(() => undefined)
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

  // What was built over another VAE than the one that is used in the end has to fit that one too.
  const vae = lastWith(built, VideoVae.key)
  const early = built
    .map((each, index) => ({ each, index }))
    .filter(({ each }) => vae !== undefined && each!.turn < vae.turn && !each!.services.has(VideoVae.key))
    .toSorted((a, b) => a.each!.turn - b.each!.turn)
  for (const { each, index } of early.toReversed()) {
    built[index] = undefined
    yield* Scope.close(each!.scope, Exit.void)
  }
  for (const { index } of early) {
    const plugin = plugins[index]!
    const cause = yield* build(index)
    const lacking = cause === undefined ? undefined : missingService(cause)
    if (lacking !== undefined) return yield* isMissing(plugin, lacking, base, built)
    if (cause !== undefined) return yield* failedToBuild(plugin, cause)
  }

  const { parts, mismatch } = yield* assemble(base, built)
  if (mismatch !== undefined) return yield* mismatch
  return { parts: parts as Context.Context<Parts>, reports: reportsOf(built as ReadonlyArray<BuiltPlugin>) }
})

/** The parts as they are with the plugins that are built so far, and why the network is not among them, where it is not. */
const assemble = Effect.fnUntraced(function* <Parts, E>(
  base: PluginBase<Parts, E>,
  built: ReadonlyArray<BuiltPlugin | undefined>,
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
  built: ReadonlyArray<BuiltPlugin | undefined>,
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
