import { generate, type GenerateRequest } from "@auteur/core"
import { layer as engineLayer } from "@auteur/engine/node"
import { loadModel, type ModelOptions } from "auteur/effect"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"

export interface Made {
  /** Processor time from the start of the first step to the end of the last: other programs move it least. */
  readonly seconds: number
  /** (frames, height, width, 3) */
  readonly pixels: Uint8Array
}

/** The bundled model, open, with its sessions made by a first run. */
export interface OpenModel extends AsyncDisposable {
  readonly make: (request: GenerateRequest) => Promise<Made>
  /** The time of the steps, without decoding. */
  readonly time: (request: GenerateRequest) => Promise<number>
}

export const openModel = async (options: ModelOptions, first: GenerateRequest): Promise<OpenModel> => {
  const model = Layer.unwrap(Effect.map(loadModel("emoji-world", options), ({ layer }) => layer))
  const runtime = ManagedRuntime.make(model.pipe(Layer.provide(engineLayer())))
  const run = (request: GenerateRequest, decodes: boolean) => runtime.runPromise(made(request, decodes))
  await run(first, false)
  return {
    make: (request) => run(request, true),
    time: async (request) => (await run(request, false)).seconds,
    [Symbol.asyncDispose]: () => runtime.dispose(),
  }
}

const processorSeconds = (): number => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const made = Effect.fnUntraced(function* (request: GenerateRequest, decodes: boolean) {
  let [start, end, pixels] = [0, 0, new Uint8Array()]
  const events = generate(request).pipe(
    Stream.takeUntil((event) => !decodes && event.type === "step-end" && event.index + 1 === event.total),
  )
  yield* Stream.runForEach(events, (event) =>
    Effect.sync(() => {
      if (event.type === "step-start" && event.index === 0) start = processorSeconds()
      if (event.type === "step-end") end = processorSeconds()
      if (event.type === "video-end") pixels = Uint8Array.from(event.video.contiguous().values())
    }),
  )
  const result: Made = { seconds: end - start, pixels }
  return result
})
