import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { Cost } from "./cost.ts"
import type { EngineError, ModelError } from "./errors.ts"

/** How fast a machine runs the operators of a network, as a short calibration measures it. */
export interface Speed {
  /** Of matrix products. */
  readonly flopsPerSecond: number
  readonly attentionFlopsPerSecond: number
  /** Bytes that a convolution gathers. */
  readonly columnBytesPerSecond: number
  /** Bytes that an operator reads or writes. */
  readonly bytesPerSecond: number
  /** The least time of an operator, however small it is. */
  readonly secondsPerOperator: number
  /** Bytes of weights that are widened and packed for a session. */
  readonly loadBytesPerSecond: number
  readonly secondsPerBuiltOperator: number
  /** From nothing to an engine and a model that is checked. */
  readonly startSeconds: number
}

/** The memory and the speed of the machine. */
export interface HardwareShape {
  /** Bytes that are free. */
  readonly memoryBytes: number
  /** Bytes that idle sessions may keep before those used longest ago are given back; without end by default. */
  readonly sessionBytes?: number
  /** Bytes that the engine itself takes, without any session. */
  readonly runtimeBytes?: number
  /** Measured when time is estimated, not when memory is. */
  readonly speed: Effect.Effect<Speed, EngineError | ModelError>
}

/** A guess for one core of a small computer, with 256-bit vectors. */
export const smallCore: Speed = {
  flopsPerSecond: 6e10,
  attentionFlopsPerSecond: 4e10,
  columnBytesPerSecond: 2.5e10,
  bytesPerSecond: 1e10,
  secondsPerOperator: 8e-6,
  loadBytesPerSecond: 7e8,
  secondsPerBuiltOperator: 1.5e-4,
  startSeconds: 0.3,
}

/** Without a layer that measured it, memory is unlimited and the speed a guess. */
export const Hardware: Context.Reference<HardwareShape> = Context.Reference("@auteur/core/Hardware", {
  defaultValue: (): HardwareShape => ({ memoryBytes: Number.POSITIVE_INFINITY, speed: Effect.succeed(smallCore) }),
})

/** Seconds that a component runs, once its sessions are there. */
export const secondsToRun = (cost: Cost, speed: Speed): number => {
  const { flops, attentionFlops = 0, columnBytes = 0, bytesMoved = 0, operators = 0 } = cost
  return (
    (flops - attentionFlops) / speed.flopsPerSecond +
    attentionFlops / speed.attentionFlopsPerSecond +
    columnBytes / speed.columnBytesPerSecond +
    bytesMoved / speed.bytesPerSecond +
    operators * speed.secondsPerOperator
  )
}

/** Seconds until the sessions of a component are there. */
export const secondsToLoad = ({ loadedBytes = 0, builtOperators = 0 }: Cost, speed: Speed): number =>
  loadedBytes / speed.loadBytesPerSecond + builtOperators * speed.secondsPerBuiltOperator
