import type { Latents, Pixels, Tensor } from "@auteur/core"
import type { HostTensor } from "@auteur/engine"
import { spatialCompression, type VaeConfig } from "./config.ts"
import type { Region } from "./context-parallel.ts"
import { decoder3d } from "./decoder3d.ts"
import { encoder3d } from "./encoder3d.ts"
import { blendTiles, type TileGrid, tilesOf } from "./tiling.ts"

/** Each batch element's tiles, row by row, for the decoder; latents are divided by the scaling factor. */
export const latentRegions = (config: VaeConfig, grid: TileGrid, latents: Latents): ReadonlyArray<Region> =>
  elements(latents.length("batch")).flatMap((element) =>
    tilesOf(grid).map(({ top, left, height, width }) => ({
      part: ({ start, end }) => decoder3d(config, end - start, height, width),
      input: ({ start, end }) => {
        const chunk = latents.slice("batch", element, element + 1).slice("frames", start, end)
        const tile = chunk.slice("height", top, top + height).slice("width", left, left + width)
        const { data, shape } = toHost(tile.permute("batch channels frames height width"))
        return { data: data.map((x) => x / config.scaling_factor), shape }
      },
    })),
  )

/** Each batch element's tiles, row by row, for the encoder. */
export const pixelRegions = (config: VaeConfig, grid: TileGrid, video: Pixels): ReadonlyArray<Region> => {
  const scale = spatialCompression(config)
  return elements(video.length("batch")).flatMap((element) =>
    tilesOf(grid).map(({ top, left, height, width }) => ({
      part: ({ start, end }) => encoder3d(config, end - start, height * scale, width * scale),
      input: ({ start, end }) => {
        const chunk = video.slice("batch", element, element + 1).slice("frames", start, end)
        const rows = chunk.slice("height", top * scale, (top + height) * scale)
        return toHost(rows.slice("width", left * scale, (left + width) * scale))
      },
    })),
  )
}

/** What came out of the regions, tiles joined: one tensor for each batch element. */
export const joinTiles = (
  outputs: ReadonlyArray<HostTensor>,
  grid: TileGrid,
  scale: number,
): ReadonlyArray<HostTensor> => {
  const count = tilesOf(grid).length
  return elements(outputs.length / count).map((element) =>
    blendTiles(outputs.slice(element * count, (element + 1) * count), grid, scale),
  )
}

const elements = (count: number): ReadonlyArray<number> => Array.from({ length: count }, (_, i) => i)

const toHost = (
  x: Tensor<"batch channels frames height width">,
): { data: Float32Array; shape: ReadonlyArray<number> } => ({
  data: x.contiguous().values(),
  shape: x.shape,
})
