import type { CachePoint, CacheResults } from "./results.ts"

const [width, height] = [720, 420]
const area = { left: 64, right: width - 24, top: 24, bottom: height - 56 }

const colours: Readonly<Record<CachePoint["name"], string>> = {
  "first-block": "#3366cc",
  tea: "#cc5500",
  pyramid: "#2e8b57",
}

/**
 * The curves as an SVG picture: the share of the blocks' operations that is left out against the distance to the video without a cache.
 * Points that leave out nothing are not shown.
 */
export const cacheFigure = (results: Pick<CacheResults, "points">): string => {
  const points = results.points.flatMap(({ psnr, ...point }) =>
    psnr === null || point.leftOut === 0 ? [] : [{ ...point, psnr }],
  )
  const [low, high] = [
    Math.floor(Math.min(...points.map(({ psnr }) => psnr)) / 5) * 5,
    Math.ceil(Math.max(...points.map(({ psnr }) => psnr)) / 5) * 5,
  ]
  const x = (share: number) => area.left + share * (area.right - area.left)
  const y = (decibels: number) => area.bottom - ((decibels - low) / (high - low)) * (area.bottom - area.top)
  const names = [...new Set(points.map(({ name }) => name))]
  const ticks = Array.from({ length: (high - low) / 5 + 1 }, (_, i) => low + 5 * i)
  const shares = [0, 0.2, 0.4, 0.6, 0.8, 1]
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="white"/>`,
    ...ticks.flatMap((tick) => [
      `<line x1="${area.left}" x2="${area.right}" y1="${y(tick)}" y2="${y(tick)}" stroke="#dddddd"/>`,
      text(area.left - 8, y(tick) + 4, String(tick), "end"),
    ]),
    ...shares.map((share) => text(x(share), area.bottom + 20, `${100 * share} %`, "middle")),
    text((area.left + area.right) / 2, height - 12, "operations of the blocks that are left out", "middle"),
    `<text transform="translate(18 ${(area.top + area.bottom) / 2}) rotate(-90)" text-anchor="middle">PSNR to the video without a cache, dB</text>`,
    ...names.flatMap((name, i) => {
      const curve = points.filter((point) => point.name === name).toSorted((a, b) => a.leftOut - b.leftOut)
      const colour = colours[name]
      return [
        `<polyline fill="none" stroke="${colour}" stroke-width="2" points="${curve.map((point) => `${round(x(point.leftOut))},${round(y(point.psnr))}`).join(" ")}"/>`,
        ...curve.flatMap((point) => [
          `<circle cx="${round(x(point.leftOut))}" cy="${round(y(point.psnr))}" r="4" fill="${colour}"/>`,
          // Below one of two curves that lie close together.
          name === "first-block"
            ? text(x(point.leftOut) - 7, y(point.psnr) + 16, String(point.threshold), "end", colour)
            : text(x(point.leftOut) + 7, y(point.psnr) - 6, String(point.threshold), "start", colour),
        ]),
        `<rect x="${area.right - 130}" y="${area.top + 20 * i}" width="12" height="12" fill="${colour}"/>`,
        text(area.right - 112, area.top + 20 * i + 11, name, "start"),
      ]
    }),
    "</svg>\n",
  ].join("\n")
}

const round = (x: number): number => Math.round(10 * x) / 10

const text = (x: number, y: number, content: string, anchor: "start" | "middle" | "end", colour = "#333333"): string =>
  `<text x="${round(x)}" y="${round(y)}" text-anchor="${anchor}" fill="${colour}">${content}</text>`
