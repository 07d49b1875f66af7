/**
 * Measures what each cache leaves out, the time that it saves and how far its videos are from those without it, with the bundled model:
 *
 *     npm run bench -- caches
 *
 * writes `bench/results/caches.json`; `node bench/caches/report.ts` makes the table and the figure of `docs/caching.md` of it.
 */
import type { GenerateRequest } from "@auteur/core"
import { cacheOf } from "auteur/effect"
import { median } from "../statistics.ts"
import { bundledConfig } from "./bundled-config.ts"
import { type BlockShape, type Counter, counting, leftOutShare, psnr } from "./counting.ts"
import { type Made, openModel } from "./measure.ts"
import type { CachePoint } from "./results.ts"
import { type CacheSetting, clips, settings, steps } from "./settings.ts"

/** Measures all points; the clips without a cache are made again before each, as what else the machine does changes. */
export const measureCaches = async (log: (line: string) => void): Promise<ReadonlyArray<CachePoint>> => {
  const config = await bundledConfig()
  const requests = clips.map(([prompt, seed]): GenerateRequest => ({ prompt, seed, steps, guidanceScale: 6 }))
  await using plain = await openModel({}, { ...requests[0]!, steps: 2 })
  const points: Array<CachePoint> = []
  for (const setting of settings) {
    const point = await measurePoint(setting, config.shape)
    log(
      `${point.name} ${point.threshold}: ${(100 * point.leftOut).toFixed(0)} % left out, ${point.psnr?.toFixed(1) ?? "the same,"} dB, ${point.time.toFixed(2)} of the time`,
    )
    points.push(point)
  }
  return points

  async function measurePoint(setting: CacheSetting, shape: BlockShape): Promise<CachePoint> {
    const counter: Counter = { calls: 0, reused: 0 }
    const cache = counting(
      cacheOf({ cache: setting.name, cacheThreshold: setting.threshold }, config.transformer)!,
      counter,
    )
    await using cached = await openModel({ cache }, requests[0]!)
    Object.assign(counter, { calls: 0, reused: 0 })
    const pairs: Array<readonly [Made, Made]> = []
    for (const request of requests) pairs.push([await plain.make(request), await cached.make(request)])
    const counted = { ...counter }
    const ratios = pairs.map(([plain, cached]) => cached.seconds / plain.seconds)
    for (const request of requests) {
      const seconds = await plain.time(request)
      ratios.push((await cached.time(request)) / seconds)
    }
    const calls = requests.length * steps
    return {
      ...setting,
      computed: 1 - counted.reused / (calls * (cache.kind === "attention" ? shape.blocks : 1)),
      leftOut: leftOutShare(cache, counted, calls, shape),
      psnr: finite(mean(pairs.map(([plain, cached]) => psnr(plain.pixels, cached.pixels)))),
      time: median(ratios),
    }
  }
}

const mean = (values: ReadonlyArray<number>): number => values.reduce((sum, value) => sum + value, 0) / values.length

const finite = (value: number): number | null => (Number.isFinite(value) ? value : null)
