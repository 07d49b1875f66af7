import { definePlugin, Sampler } from "@auteur/core"
import * as Layer from "effect/Layer"
import { karras, type KarrasSettings } from "./karras.ts"

/** The plugin: `auteur-plugin-karras` in the `plugins` of a config. */
export const plugin = definePlugin((settings: KarrasSettings) => ({
  name: "auteur-plugin-karras",
  apiVersion: "v1",
  layer: Layer.succeed(Sampler, karras(settings)),
}))
