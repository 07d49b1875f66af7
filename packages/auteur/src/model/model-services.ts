import type { ModelError, PluginEntry, PluginError, RequestError } from "@auteur/core"
import { Engine } from "@auteur/engine"
import { layer as engineLayer } from "@auteur/engine/node"
import { defaultModel } from "@auteur/hub"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { PluginReport } from "../plugins/plugin-report.ts"
import { type ComponentOptions, type Components, makeComponents, type SelectComponents } from "./components.ts"
import { type ModelFiles, readModel } from "./load-model.ts"

/** How to open a model. The components that a request does not name are those that are named here. */
export interface ModelLayerOptions extends ComponentOptions {
  /** A model folder, a bundled name, or `org/name` of a fetched model; by default the bundled model. */
  readonly model?: string | undefined
  /**
   * The whole model that a folder of single components belongs to, such as a transformer that was trained further: a folder, a bundled
   * name or `org/name`.
   */
  readonly baseModel?: string | undefined
  /** Threads of each operator; by default one for each physical core. */
  readonly threads?: number | undefined
  /** Bytes that sessions may take before idle ones make way, those used longest ago first; by default half of the free memory. */
  readonly memoryLimit?: number | undefined
  /** Components from outside, in place of the model's or of auteur's; where two provide the same, the later is used. */
  readonly plugins?: PluginEntry
}

/** The model that is open. */
export interface CurrentModelShape extends Pick<ModelFiles, "folder" | "baseModel" | "hash" | "notices" | "fps"> {
  /** The plugins on it, as they are with the options that it was opened with. */
  readonly plugins: ReadonlyArray<PluginReport>
  /** Puts together the components of a request that chooses other ones. */
  readonly select: SelectComponents
  readonly engine: Engine["Service"]
}

const CurrentModelBase: Context.ServiceClass<CurrentModel, "auteur/CurrentModel", CurrentModelShape> = Context.Service<
  CurrentModel,
  CurrentModelShape
>()("auteur/CurrentModel")
/** The model that is open. */
export class CurrentModel extends CurrentModelBase {}

/** An open model, and the components of a request that names none. */
export type ModelServices = CurrentModel | Components

/** Opens a model and an engine for it, and puts plugins on it; all are closed with the layer's scope. */
export const modelLayer = (
  options: ModelLayerOptions = {},
): Layer.Layer<ModelServices, ModelError | RequestError | PluginError> => {
  const { model = defaultModel, baseModel, threads, memoryLimit, plugins, ...defaults } = options
  const engine = engineLayer({ startNow: true, threads, memoryLimit })
  const services = Effect.gen(function* () {
    const files = yield* readModel(model, baseModel)
    const select = yield* makeComponents(files, defaults, plugins)
    const { components, plugins: reports } = yield* select({})
    const { folder, hash, notices, fps } = files
    const engine = yield* Engine
    return Context.add(components, CurrentModel, {
      folder,
      baseModel,
      hash,
      notices,
      fps,
      plugins: reports,
      select,
      engine,
    })
  })
  return Layer.provide(Layer.effectContext(services), engine)
}
