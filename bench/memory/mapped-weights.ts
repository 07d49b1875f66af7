/**
 * Shows what 16-bit weights cost in memory: one forward of a random transformer of CogVideoX-2b's width and a few blocks, its
 * weights folded to float32 or left memory-mapped, each in a process of its own. Linux only, as it reads /proc.
 *
 *     node bench/memory/mapped-weights.ts [blocks = 8] [latent frames = 2]
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, statSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { parseTransformerConfig, transformerProgram } from "@auteur/dit"
import { Engine } from "@auteur/engine"
import { layer, openWeights } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import { writeRandomCheckpoint } from "./random-checkpoint.ts"

const shapesFile = new URL("../../packages/dit/test/golden/shapes/cogvideox-2b.json", import.meta.url)
const {
  config: json,
  tensors,
  block,
} = JSON.parse(readFileSync(shapesFile, "utf8")) as {
  config: Record<string, unknown>
  /** Shapes outside the blocks, and in each of them. */
  tensors: Record<string, ReadonlyArray<number>>
  block: Record<string, ReadonlyArray<number>>
}
const [, script, ...args] = process.argv

/** One forward in this process; prints its peaks as JSON. */
const measure = (checkpoint: string, memory: "fold" | "map", blocks: number, frames: number) =>
  Effect.gen(function* () {
    const config = yield* parseTransformerConfig({ ...json, num_layers: blocks }, "2b")
    const model = yield* (yield* Engine).open(yield* openWeights(checkpoint))
    const size = { batch: 1, frames, height: 60, width: 90 }
    const inputs = {
      hidden_states: random([1, frames, 16, 60, 90]),
      encoder_hidden_states: random([1, 226, 4096]),
      timestep: { data: Float32Array.of(500), shape: [1] },
    }
    let anonymous = 0
    const timer = setInterval(() => (anonymous = Math.max(anonymous, kilobytes("RssAnon"))), 10)
    const before = performance.now()
    yield* model.run(transformerProgram(config, size, 226), inputs)
    const first = performance.now()
    yield* model.run(transformerProgram(config, size, 226), inputs)
    const second = performance.now()
    clearInterval(timer)
    console.log(JSON.stringify({ anonymous, peak: kilobytes("VmHWM"), create: first - before, run: second - first }))
  }).pipe(Effect.scoped, Effect.provide(layer({ memory })))

const random = (shape: ReadonlyArray<number>) => ({
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => Math.random() - 0.5),
  shape,
})

const kilobytes = (field: string): number =>
  Number(new RegExp(`${field}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))![1])

const compare = (blocks: number, frames: number) => {
  const folder = mkdtempSync(join(tmpdir(), "auteur-bench-"))
  try {
    const checkpoint = join(folder, "diffusion_pytorch_model.safetensors")
    const shapes = { ...tensors }
    for (let i = 0; i < blocks; i++) {
      for (const [name, shape] of Object.entries(block)) shapes[`transformer_blocks.${i}.${name}`] = shape
    }
    writeRandomCheckpoint(checkpoint, shapes)
    console.log(
      `${blocks} blocks of width 1920, ${(statSync(checkpoint).size / 1e6).toFixed(0)} MB of float16 weights, ${226 + frames * 1350} tokens`,
    )
    console.log("weights  peak anonymous MB  peak MB with file pages  first run s  next run s")
    for (const memory of ["fold", "map"]) {
      const child = spawnSync(
        process.execPath,
        [script!, "measure", checkpoint, memory, String(blocks), String(frames)],
        {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "inherit"],
        },
      )
      const { anonymous, peak, create, run } = JSON.parse(child.stdout) as Record<string, number>
      const cells = [anonymous! / 1024, peak! / 1024, create! / 1000, run! / 1000]
      console.log(
        [memory.padEnd(8), ...cells.map((x, i) => x.toFixed(i < 2 ? 0 : 1).padStart([17, 23, 12, 11][i]!))].join(" "),
      )
    }
  } finally {
    rmSync(folder, { recursive: true })
  }
}

if (args[0] === "measure") {
  await Effect.runPromise(measure(args[1]!, args[2] as "fold" | "map", Number(args[3]), Number(args[4])))
} else if (process.argv[1] === fileURLToPath(import.meta.url)) {
  compare(Number(args[0] ?? 8), Number(args[1] ?? 2))
}
