import type { HostTensor } from "../engine.ts"
import type { RunRequest, SessionSetup } from "../runtime.ts"

/** What the main thread asks of a worker. */
export type Ask =
  | { readonly kind: "create"; readonly session: number; readonly setup: SessionSetup }
  | ({ readonly kind: "run" } & RunRequest)
  | { readonly kind: "read"; readonly resident: number }
  | { readonly kind: "release"; readonly session: number }
  | { readonly kind: "free"; readonly residents: ReadonlyArray<number> }

/** A worker's answer; each request gets exactly one, in order. */
export type Answer = { readonly outputs: Readonly<Record<string, HostTensor>> } | { readonly failure: string }

/** What a worker says first, once it has loaded ONNX Runtime. */
export const loaded = "loaded"
