import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { estimate, type Estimate, Hardware, type Speed } from "@auteur/core"
import { layer as engine } from "@auteur/engine/node"
import { loadModel, machineLayer } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { EstimatedShape } from "./shapes.ts"

/** The figures of a run. */
export interface Taken {
  /** At the peak, above the idle process. */
  readonly bytes: number
  readonly seconds: number
}

const script = fileURLToPath(new URL("run-once.ts", import.meta.url))

/** Makes a shape's video in a process of its own. */
export const measure = async ({ options, request }: EstimatedShape, model: string): Promise<Taken> => {
  const { stdout } = await promisify(execFile)(process.execPath, [script, JSON.stringify({ model, options, request })])
  return JSON.parse(stdout) as Taken
}

/** The estimate of a shape; where a speed is given, the machine's own is not measured. */
export const predict = ({ options, request }: EstimatedShape, model: string, speed?: Speed): Promise<Estimate> =>
  Effect.gen(function* () {
    const { layer } = yield* loadModel(model)
    const hardware = yield* Hardware
    const used = speed === undefined ? hardware : { ...hardware, speed: Effect.succeed(speed) }
    return yield* estimate(request).pipe(Effect.provide(layer), Effect.provideService(Hardware, used))
  }).pipe(Effect.provide(Layer.provideMerge(machineLayer, engine(options))), Effect.runPromise)

/** The largest error of an estimate. */
export const tolerance = 0.25

export const isClose = (predicted: number, measured: number): boolean =>
  Math.abs(predicted - measured) <= tolerance * measured
