/**
 * Walks a clip of the bundled model back to noise and samples it again, and measures how much of it comes back: `npm run bench -- starts`.
 * The table goes into docs/starts.md.
 */
import { readFileSync, writeFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import * as Effect from "effect/Effect"
import { markdownTable } from "../format.ts"
import { fillMarkedPlace } from "../marked-place.ts"
import { type RoundTrip, roundTrip, sourceVideo } from "./round-trip.ts"

/** Solvers of the same order, up and down. */
const ways = [
  ["ddim", "ddim"],
  ["flow-heun", "flow-heun"],
] as const
const steps = [5, 10, 20, 50, 100]
const page = fileURLToPath(new URL("../../docs/starts.md", import.meta.url))

const head = ["up and down", "steps", "evaluations", "latents, dB", "frames, dB"]

const table = (trips: ReadonlyArray<RoundTrip>): string =>
  markdownTable(
    head,
    trips.map(({ inversion, steps, evaluations, latentPsnr, pixelPsnr }) => [
      `\`${inversion}\``,
      String(steps),
      String(evaluations),
      latentPsnr.toFixed(1),
      pixelPsnr.toFixed(1),
    ]),
    1,
  )

export const startsBench = async (): Promise<{ readonly trips: ReadonlyArray<RoundTrip> }> => {
  const video = await Effect.runPromise(sourceVideo)
  const trips: Array<RoundTrip> = []
  for (const [inversion, sampler] of ways) {
    for (const count of steps) {
      const trip = await Effect.runPromise(roundTrip(video, inversion, sampler, count))
      console.error(`${inversion}, ${count} steps: ${trip.latentPsnr.toFixed(1)} dB`)
      trips.push(trip)
    }
  }
  const figures = table(trips)
  console.log(figures)
  writeFileSync(page, fillMarkedPlace(readFileSync(page, "utf8"), figures, "docs/starts.md"))
  return { trips }
}
