import { auteur } from "auteur"

await using film = await auteur()

const { peakBytes } = await film.estimate("a fox runs to the right in a meadow", { steps: 8, frames: 9 })
console.log(`${film.model.name} needs ${Math.round(peakBytes / 1e6)} MB`)

// A job is awaited for its video …
const fox = await film.generate("a fox runs to the right in a meadow", { seed: 7, steps: 8, frames: 9 })
await fox.save("fox.mp4")

// … or followed while it is made.
const job = film.generate("a cat runs to the right in a meadow", { seed: 7, steps: 8, video: fox.tensor })
for await (const event of job.events) {
  if (event.type === "step-end") console.log(`step ${event.index + 1} of ${event.total}`)
}
const cat = await job
await cat.save("cat.webp")
console.log(`${cat.frames.length} frames of ${cat.width}×${cat.height}, seed ${cat.seed}`)
