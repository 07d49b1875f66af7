// The same program for each runtime: `make-videos.ts FOLDER` writes videos there and prints what else a runtime could get wrong.
import { createHash } from "node:crypto"
import { cos, exp, log, Random, sin } from "@auteur/core"
import { openModel } from "auteur"

const folder = process.argv[2]!
await using model = await openModel("emoji-world")

const fox = model.stream("a fox runs to the right in a meadow", { seed: 7, steps: 2, frames: 9 })
const events: Array<string> = []
for await (const { type } of fox) events.push(type)
const video = await fox.video
await video.save(`${folder}/fox.mp4`)
await video.save(`${folder}/fox.webp`)
await video.save(`${folder}/fox.gif`)
// Large frames are coded in a thread.
await video.save(`${folder}/large.mp4`, { upscale: 5 })

// Draws in every step, and turns guidance by a cosine.
await using stirred = await openModel("emoji-world", { sampler: "dpm", guidanceMethod: "dynamic" })
await (await stirred.generate("a bus at night", { seed: 8, steps: 3, frames: 1 })).save(`${folder}/bus/`)

const stopped = model.stream("a star spins", { steps: 50 })
const step = (async () => {
  for await (const event of stopped) if (event.type === "step-end") stopped.abort()
})()
const reason = await step.catch((error: Error) => error.name)

const refused = await model.generate("a fox", { frames: 7 }).then(
  () => "",
  (error: Error) => error.message,
)

const uniforms = Random.torch(1).uniform(4096)
const square = (x: number): number => x ** 2
const numbers = [exp, log, sin, cos, square].flatMap((own) => Array.from(uniforms, (x) => own(x * 40)))
const normals = Random.torch(2).normalFloat64(4096)
const digest = createHash("sha256")
  .update(Float64Array.from([...numbers, ...normals]))
  .digest("hex")

console.log(JSON.stringify({ events, reason, refused, digest }))
