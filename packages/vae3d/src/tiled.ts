import type { Latents, Pixels, Tensor } from "@auteur/core"
import type { HostTensor } from "@auteur/engine"
import { spatialCompression, type VaeConfig } from "./config.ts"
import type { Region } from "./context-parallel.ts"
import { decoder3d } from "./decoder3d.ts"
import { encoder3d } from "./encoder3d.ts"

/** Latent positions `start` to `end` (exclusive) along height or width. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** How a picture is cut into overlapping tiles, in latent positions. */
export interface TileGrid {
  readonly rows: ReadonlyArray<Span>
  readonly columns: ReadonlyArray<Span>
  /** Positions that neighbouring tiles share and that are blended, and from one tile's start to the next one's. */
  readonly overlap: { readonly height: number; readonly width: number }
  readonly stride: { readonly height: number; readonly width: number }
}

/**
 * The tiles for latents of a size: half of the size that the model was made for, a sixth of the height and a fifth of the width
 * shared, as in diffusers. Sizes are whole latent positions, also where diffusers rounds pixels and latents differently. A picture that
 * is no larger than a tile is one tile.
 */
export const tileGrid = (config: VaeConfig, height: number, width: number): TileGrid => {
  const compression = spatialCompression(config)
  const tile = {
    height: Math.max(1, Math.floor(Math.floor(config.sample_height / 2) / compression)),
    width: Math.max(1, Math.floor(Math.floor(config.sample_width / 2) / compression)),
  }
  if (height <= tile.height && width <= tile.width) return wholeGrid(height, width)
  const stride = {
    height: Math.max(1, Math.floor(tile.height * (1 - 1 / 6))),
    width: Math.max(1, Math.floor(tile.width * (1 - 1 / 5))),
  }
  const spans = (length: number, size: number, step: number): ReadonlyArray<Span> =>
    Array.from({ length: Math.ceil(length / step) }, (_, i) => ({
      start: i * step,
      end: Math.min(i * step + size, length),
    }))
  return {
    rows: spans(height, tile.height, stride.height),
    columns: spans(width, tile.width, stride.width),
    overlap: { height: tile.height - stride.height, width: tile.width - stride.width },
    stride,
  }
}

/** One tile for the whole picture. */
export const wholeGrid = (height: number, width: number): TileGrid => ({
  rows: [{ start: 0, end: height }],
  columns: [{ start: 0, end: width }],
  overlap: { height: 0, width: 0 },
  stride: { height, width },
})

/** A tile by its place and size, in latent positions. */
export interface Tile {
  readonly top: number
  readonly left: number
  readonly height: number
  readonly width: number
}

/** The tiles of a grid, row by row. */
export const tilesOf = (grid: TileGrid): ReadonlyArray<Tile> =>
  grid.rows.flatMap((row) =>
    grid.columns.map((column) => ({
      top: row.start,
      left: column.start,
      height: row.end - row.start,
      width: column.end - column.start,
    })),
  )

/** Each batch element's tiles, row by row, for the decoder; latents are divided by the scaling factor. */
export const latentRegions = (config: VaeConfig, grid: TileGrid, latents: Latents): ReadonlyArray<Region> =>
  elements(latents.length("batch")).flatMap((element) =>
    tilesOf(grid).map(({ top, left, height, width }) => ({
      network: ({ start, end }) => decoder3d(config, end - start, height, width),
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
      network: ({ start, end }) => encoder3d(config, end - start, height * scale, width * scale),
      input: ({ start, end }) => {
        const chunk = video.slice("batch", element, element + 1).slice("frames", start, end)
        const rows = chunk.slice("height", top * scale, (top + height) * scale)
        return toHost(rows.slice("width", left * scale, (left + width) * scale))
      },
    })),
  )
}

/** The results of regions with their tiles joined: one tensor for each batch element. */
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

/**
 * Joins a grid's tiles, given row by row, each (1, C, T, h, w), with `scale` numbers for each latent position: each tile fades in over
 * the tile above and then over the tile to the left. Tiles are changed in place.
 */
export const blendTiles = (tiles: ReadonlyArray<HostTensor>, grid: TileGrid, scale: number): HostTensor => {
  const columns = grid.columns.length
  if (tiles.length === 1) return tiles[0]!
  const planes = tiles.map(toPlanes)
  const [height, width] = [grid.rows.at(-1)!.end * scale, grid.columns.at(-1)!.end * scale]
  const { count } = planes[0]!
  const out = new Float32Array(count * height * width)
  for (const [index, tile] of planes.entries()) {
    const [row, column] = [Math.floor(index / columns), index % columns]
    if (row > 0) fadeRows(planes[index - columns]!, tile, grid.overlap.height * scale)
    if (column > 0) fadeColumns(planes[index - 1]!, tile, grid.overlap.width * scale)
  }
  for (const [index, tile] of planes.entries()) {
    const top = grid.rows[Math.floor(index / columns)]!.start * scale
    const left = grid.columns[index % columns]!.start * scale
    const rows = Math.min(grid.stride.height * scale, tile.height)
    const length = Math.min(grid.stride.width * scale, tile.width)
    for (let plane = 0; plane < count; plane++) {
      for (let y = 0; y < rows; y++) {
        const from = (plane * tile.height + y) * tile.width
        out.set(tile.data.subarray(from, from + length), (plane * height + top + y) * width + left)
      }
    }
  }
  return { data: out, shape: [...tiles[0]!.shape.slice(0, 3), height, width] }
}

/** A tile as pictures, one for each channel and frame. */
interface Planes {
  readonly data: Float32Array
  readonly count: number
  readonly height: number
  readonly width: number
}

const toPlanes = ({ data, shape }: HostTensor): Planes => {
  const [, channels, frames, height, width] = shape as [number, number, number, number, number]
  return { data: data as Float32Array, count: channels * frames, height, width }
}

const fadeRows = (above: Planes, tile: Planes, overlap: number): void => {
  const extent = Math.min(above.height, tile.height, overlap)
  for (let plane = 0; plane < tile.count; plane++) {
    for (let y = 0; y < extent; y++) {
      const other = (plane * above.height + above.height - extent + y) * above.width
      const own = (plane * tile.height + y) * tile.width
      for (let x = 0; x < tile.width; x++) {
        tile.data[own + x] = above.data[other + x]! * (1 - y / extent) + tile.data[own + x]! * (y / extent)
      }
    }
  }
}

const fadeColumns = (left: Planes, tile: Planes, overlap: number): void => {
  const extent = Math.min(left.width, tile.width, overlap)
  for (let line = 0; line < tile.count * tile.height; line++) {
    const other = line * left.width + left.width - extent
    const own = line * tile.width
    for (let x = 0; x < extent; x++) {
      tile.data[own + x] = left.data[other + x]! * (1 - x / extent) + tile.data[own + x]! * (x / extent)
    }
  }
}
