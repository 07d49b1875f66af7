import type { HostTensor } from "../engine.ts"
import type { RunRequest, SessionSetup } from "../session/runtime.ts"

/** A request of the calling thread to a worker. */
export type Request =
  | { readonly kind: "create"; readonly session: number; readonly setup: SessionSetup }
  | ({ readonly kind: "run" } & RunRequest)
  | { readonly kind: "read"; readonly kept: number }
  | { readonly kind: "release"; readonly sessions: ReadonlyArray<number> }
  | { readonly kind: "free"; readonly kept: ReadonlyArray<number> }

/** A worker's message: that it has loaded ONNX Runtime, then exactly one reply to each request, in order. */
export type Message =
  | { readonly kind: "loaded" }
  | { readonly kind: "outputs"; readonly outputs: Readonly<Record<string, HostTensor>> }
  | { readonly kind: "failure"; readonly problem: string }
