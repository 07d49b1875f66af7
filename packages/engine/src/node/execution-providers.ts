import { EngineError } from "@auteur/core"
import * as Effect from "effect/Effect"
import { loadOnnxRuntime } from "./onnxruntime.ts"

/** The runtime that runs the graphs. */
export interface RuntimeInfo {
  readonly version: string
  /** The execution providers, such as `cpu`; one that is not `bundled` has to be installed beside it. */
  readonly providers: ReadonlyArray<{ readonly name: string; readonly bundled: boolean }>
}

/** Loads onnxruntime-node on the calling thread and reports its version; an `EngineError` when this machine cannot load it. */
export const executionProviders: Effect.Effect<RuntimeInfo, EngineError> = Effect.tryPromise({
  try: async () => {
    const { env, listSupportedBackends } = await loadOnnxRuntime()
    return { version: env.versions.node ?? "of an unknown version", providers: listSupportedBackends() }
  },
  catch: (cause) => {
    const { name, message } = cause as Error
    // Deno throws this where a permission is missing; its sentence names the permission.
    const fix =
      name === "NotCapable"
        ? "give it the permission"
        : "install the dependencies again with `npm ci`, on a system that onnxruntime-node supports"
    return new EngineError({ message: `ONNX Runtime cannot be loaded (${message}): ${fix}.`, cause })
  },
})
