import { openModel } from "auteur"

await using model = await openModel("emoji-world")

const { peakBytes } = await model.estimate("a fox runs to the right in a meadow", { steps: 8, frames: 9 })
console.log(`${model.name} needs ${Math.round(peakBytes / 1e6)} MB`)

// A video is awaited …
const fox = await model.generate("a fox runs to the right in a meadow", { seed: 7, steps: 8, frames: 9 })
await fox.save("fox.mp4")

// … or followed while it is made.
const run = model.stream("a cat runs to the right in a meadow", { seed: 7, steps: 8, video: fox.tensor })
for await (const event of run) {
  if (event.type === "step-end") console.log(`step ${event.index + 1} of ${event.total}`)
}
const cat = await run.video
await cat.save("cat.webp")
console.log(`${cat.frames.length} frames of ${cat.width}×${cat.height}, seed ${cat.seed}`)
