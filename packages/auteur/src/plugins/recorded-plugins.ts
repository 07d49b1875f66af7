import { flattenPlugins, type PluginEntry, PluginError } from "@auteur/core"
import * as Effect from "effect/Effect"
import type { VideoRecord } from "../video/video-record.ts"

const namesOf = (loaded: PluginEntry): ReadonlyArray<string> => flattenPlugins(loaded).map(({ name }) => name)

/** Fails when a video at `path` was made with a plugin that is not loaded now: without it, it would be another video. */
export const requirePlugins = (
  { plugins = [] }: Pick<VideoRecord, "plugins">,
  loaded: PluginEntry,
  path: string,
): Effect.Effect<void, PluginError> =>
  Effect.suspend(() => {
    const names = namesOf(loaded)
    const missing = plugins.find((name) => !names.includes(name))
    if (missing === undefined) return Effect.void
    return Effect.fail(
      new PluginError({
        message: `${path} was made with the plugin "${missing}", which is not loaded: name it in the "plugins" of auteur.config.ts, or of the file given with --config.`,
      }),
    )
  })

/** Fails when a run is resumed with other plugins than it was begun with, or in another order: the rest would not fit the beginning. */
export const requireSamePlugins: typeof requirePlugins = (record, loaded, path) =>
  Effect.flatMap(requirePlugins(record, loaded, path), () => {
    const { plugins = [] } = record
    const names = namesOf(loaded)
    if (names.join() === plugins.join()) return Effect.void
    const begun = plugins.length === 0 ? "without plugins" : `with the plugins ${plugins.join(", ")}`
    const now = names.length === 0 ? "none are" : `${names.join(", ")} are`
    return Effect.fail(
      new PluginError({
        message: `${path} was begun ${begun}, and now ${now} loaded: load the same ones in the same order with --config.`,
      }),
    )
  })

/** The plugins that are loaded now, though a video was made without them. */
export const addedPlugins = (
  { plugins = [] }: Pick<VideoRecord, "plugins">,
  loaded: PluginEntry,
): ReadonlyArray<string> => namesOf(loaded).filter((name) => !plugins.includes(name))
