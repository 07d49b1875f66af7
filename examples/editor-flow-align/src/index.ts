import { definePlugin, Editor } from "@auteur/core"
import * as Layer from "effect/Layer"
import { flowAlign, type FlowAlignSettings } from "./flow-align.ts"

/** The plugin: `auteur-plugin-flow-align` in the `plugins` of a config. */
export const plugin = definePlugin((settings: FlowAlignSettings) => ({
  name: "auteur-plugin-flow-align",
  apiVersion: "v1",
  layer: Layer.succeed(Editor, flowAlign(settings)),
}))
