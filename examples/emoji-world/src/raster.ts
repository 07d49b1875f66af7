/** Eight-bit pixels, `channels` bytes each, row by row. */
export interface Raster {
  readonly width: number
  readonly height: number
  readonly channels: number
  readonly data: Uint8ClampedArray
}

export type Colour = readonly [red: number, green: number, blue: number]

export const raster = (width: number, height: number, channels: number): Raster => ({
  width,
  height,
  channels,
  data: new Uint8ClampedArray(width * height * channels),
})

/** A vertical gradient of three channels. */
export const gradient = (size: number, top: Colour, bottom: Colour): Raster => {
  const image = raster(size, size, 3)
  for (let y = 0; y < size; y++) {
    const t = y / (size - 1)
    const colour = top.map((value, c) => Math.trunc(value * (1 - t) + bottom[c]! * t)) as unknown as Colour
    fillRow(image, y, 0, size - 1, colour)
  }
  return image
}

/** A rectangle with its last row and column, as Pillow's `ImageDraw` draws it. */
export const drawRectangle = (
  image: Raster,
  [x0, y0, x1, y1]: readonly [number, number, number, number],
  colour: Colour,
): void => {
  for (let y = Math.trunc(y0); y <= Math.trunc(y1); y++) fillRow(image, y, Math.trunc(x0), Math.trunc(x1), colour)
}

/** A filled ellipse in a box whose last row and column belong to it. */
export const drawEllipse = (image: Raster, box: readonly [number, number, number, number], colour: Colour): void => {
  const [x0, y0, x1, y1] = box.map(Math.trunc) as [number, number, number, number]
  const [width, height] = [x1 - x0 + 1, y1 - y0 + 1]
  const [centreX, centreY] = [(x0 + x1) / 2, (y0 + y1) / 2]
  for (let y = Math.max(0, y0); y <= Math.min(image.height - 1, y1); y++) {
    const relative = (y - centreY) / (height / 2)
    const half = (width / 2) * Math.sqrt(Math.max(0, 1 - relative * relative))
    fillRow(image, y, Math.ceil(centreX - half), Math.floor(centreX + half), colour)
  }
}

/** A filled polygon: pixels whose centre's row crosses it, edges included. */
export const drawPolygon = (
  image: Raster,
  points: ReadonlyArray<readonly [x: number, y: number]>,
  colour: Colour,
): void => {
  const corners = points.map(([x, y]) => [Math.trunc(x), Math.trunc(y)] as const)
  const rows = corners.map(([, y]) => y)
  for (let y = Math.min(...rows); y <= Math.max(...rows); y++) {
    const crossings: Array<number> = []
    for (const [i, [xa, ya]] of corners.entries()) {
      const [xb, yb] = corners[(i + 1) % corners.length]!
      if (ya === yb) {
        if (y === ya) fillRow(image, y, Math.min(xa, xb), Math.max(xa, xb), colour)
      } else if (y >= Math.min(ya, yb) && y < Math.max(ya, yb)) crossings.push(xa + ((y - ya) * (xb - xa)) / (yb - ya))
    }
    crossings.sort((a, b) => a - b)
    for (let i = 0; i + 1 < crossings.length; i += 2) {
      fillRow(image, y, Math.ceil(crossings[i]! - 0.5), Math.floor(crossings[i + 1]! + 0.5), colour)
    }
  }
}

const fillRow = (image: Raster, y: number, from: number, to: number, colour: Colour): void => {
  if (y < 0 || y >= image.height) return
  const end = Math.min(image.width - 1, to)
  for (let x = Math.max(0, from); x <= end; x++) image.data.set(colour, (y * image.width + x) * image.channels)
}

/** The picture mirrored left to right. */
export const mirrored = (image: Raster): Raster => {
  const { width, height, channels } = image
  const out = raster(width, height, channels)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = (y * width + width - 1 - x) * channels
      out.data.set(image.data.subarray(from, from + channels), (y * width + x) * channels)
    }
  }
  return out
}

/** The smallest part that holds every pixel with alpha, in the middle of a transparent square. */
export const croppedSquare = (image: Raster): Raster => {
  let [left, top, right, bottom] = [image.width, image.height, -1, -1]
  for (let y = 0; y < image.height; y++) {
    for (let x = 0; x < image.width; x++) {
      if (image.data[(y * image.width + x) * 4 + 3] === 0) continue
      left = Math.min(left, x)
      right = Math.max(right, x)
      top = Math.min(top, y)
      bottom = y
    }
  }
  const [width, height] = [right - left + 1, bottom - top + 1]
  const size = Math.max(width, height)
  const out = raster(size, size, 4)
  const [offsetX, offsetY] = [Math.floor((size - width) / 2), Math.floor((size - height) / 2)]
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * image.width + left) * 4
    out.data.set(image.data.subarray(from, from + width * 4), ((offsetY + y) * size + offsetX) * 4)
  }
  return out
}

/** Puts `layer` (RGBA) over `image` (RGB) of the same size, by the layer's alpha. */
export const pasteOver = (image: Raster, layer: Raster): void => {
  for (let p = 0, q = 0; p < layer.data.length; p += 4, q += 3) {
    const alpha = layer.data[p + 3]!
    for (let c = 0; c < 3; c++) {
      image.data[q + c] = dividedBy255(layer.data[p + c]! * alpha + image.data[q + c]! * (255 - alpha))
    }
  }
}

/** Colours multiplied by alpha, as filters need them, so that what is transparent does not colour its surroundings. */
export const premultiplied = (image: Raster): Raster => {
  const out = raster(image.width, image.height, 4)
  for (let p = 0; p < image.data.length; p += 4) {
    const alpha = image.data[p + 3]!
    for (let c = 0; c < 3; c++) out.data[p + c] = dividedBy255(image.data[p + c]! * alpha)
    out.data[p + 3] = alpha
  }
  return out
}

/** Turns {@link premultiplied} back. */
export const unmultiplied = (image: Raster): Raster => {
  const out = raster(image.width, image.height, 4)
  for (let p = 0; p < image.data.length; p += 4) {
    const alpha = image.data[p + 3]!
    for (let c = 0; c < 3; c++) {
      out.data[p + c] = alpha === 0 ? image.data[p + c]! : Math.floor((255 * image.data[p + c]!) / alpha)
    }
    out.data[p + 3] = alpha
  }
  return out
}

/** x / 255 rounded, for x up to 255². */
const dividedBy255 = (x: number): number => (x + 128 + ((x + 128) >> 8)) >> 8
