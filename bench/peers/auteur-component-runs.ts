import { readFileSync } from "node:fs"
import { join } from "node:path"
import { concat, decodeSafetensors, type Latents, Tensor, VideoVae } from "@auteur/core"
import { parseTransformerConfig, transformerProgram } from "@auteur/dit"
import { Engine } from "@auteur/engine"
import { openWeights } from "@auteur/engine/node"
import { findWeights } from "@auteur/hub"
import { layer as vaeLayer, parseVaeConfig } from "@auteur/vae3d"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stream from "effect/Stream"
import { BenchError } from "../bench-error.ts"
import type { JobOf } from "./job.ts"
import type { MakeRun, Run } from "./run.ts"

/** One forward of a transformer. */
export const transformer: (job: JobOf<"transformer">) => MakeRun = Effect.fnUntraced(function* ({
  folder,
  inputs,
}: JobOf<"transformer">) {
  const config = yield* parseTransformerConfig(readConfig(folder), folder)
  const model = yield* (yield* Engine).open(yield* openWeights((yield* findWeights(folder)).files))
  const tensors = readInputs(inputs)
  const [latents, texts, timestep] = ["hidden_states", "encoder_hidden_states", "timestep"].map((name) => tensors(name))
  const [batch, frames, , height, width] = latents!.shape as Latents["shape"]
  const program = transformerProgram(config, { batch, frames, height, width }, texts!.shape[1]!)
  const fresh = ({ data, shape }: HostInput) => ({ data: data.slice(), shape }) // a run takes over its inputs
  const run: Run = () =>
    Effect.map(
      model.run(program, {
        hidden_states: fresh(latents!),
        encoder_hidden_states: fresh(texts!),
        timestep: fresh(timestep!),
      }),
      ({ sample }) => toLatents({ data: sample!.data as Float32Array, shape: sample!.shape }),
    )
  return run
})

/** Latents to pixels. */
export const decoding: (job: JobOf<"decode">) => MakeRun = Effect.fnUntraced(function* ({
  folder,
  inputs,
}: JobOf<"decode">) {
  const config = yield* parseVaeConfig(readConfig(folder), folder)
  const weights = yield* openWeights((yield* findWeights(folder)).files)
  const vae = Context.get(yield* Layer.build(vaeLayer({ config, weights })), VideoVae)
  const latents = toLatents(readInputs(inputs)("latents"))
  const run: Run = () => Effect.map(Stream.runCollect(vae.decode(latents)), (chunks) => concat("frames", chunks))
  return run
})

interface HostInput {
  readonly data: Float32Array
  readonly shape: ReadonlyArray<number>
}

const readConfig = (folder: string): unknown => JSON.parse(readFileSync(join(folder, "config.json"), "utf8"))

const readInputs = (path: string) => {
  const { tensors } = decodeSafetensors(readFileSync(path))
  return (name: string): HostInput => {
    const found = tensors.get(name)
    if (found?.dtype !== "float32") throw new BenchError(`${path} holds no float32 tensor "${name}".`)
    return found
  }
}

const toLatents = ({ data, shape }: HostInput): Latents =>
  Tensor.from("batch frames channels height width", shape as Latents["shape"], data)
