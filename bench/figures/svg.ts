/** A point of a plot, in its own units. */
export type Point = readonly [x: number, y: number]

/** The layout of an axis; on a logarithmic one, `from` and `to` are above 0. */
export interface Axis {
  readonly label: string
  readonly from: number
  readonly to: number
  readonly logarithmic?: boolean
  readonly ticks: ReadonlyArray<readonly [value: number, label: string]>
}

export interface Stroke {
  readonly colour: string
  readonly width?: number
  readonly dashes?: string
  readonly opacity?: number
}

/** A panel of a picture: its frame, its axes and its curves. */
export interface Panel {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly lines: ReadonlyArray<{
    readonly points: ReadonlyArray<Point>
    readonly stroke: Stroke
    readonly dots?: boolean
  }>
  readonly texts?: ReadonlyArray<{
    readonly at: Point
    readonly text: string
    readonly colour: string
    readonly end?: boolean
  }>
}

const [panelWidth, panelHeight] = [400, 300]
const margin = { left: 58, right: 22, top: 34, bottom: 48 }
const ink = "#333333"

const escaped = (text: string): string => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;")
const number = (value: number): string => String(Number(value.toFixed(1)))

const scale = ({ from, to, logarithmic }: Axis, start: number, end: number): ((value: number) => number) => {
  const at = (value: number): number => (logarithmic === true ? Math.log(value) : value)
  return (value) => start + ((at(value) - at(from)) / (at(to) - at(from))) * (end - start)
}

const text = (x: number, y: number, content: string, more = ""): string =>
  `<text x="${number(x)}" y="${number(y)}"${more}>${escaped(content)}</text>`

const drawPanel = ({ title, x, y, lines, texts = [] }: Panel): string => {
  const [left, right] = [margin.left, panelWidth - margin.right]
  const [top, bottom] = [margin.top, panelHeight - margin.bottom]
  const [toX, toY] = [scale(x, left, right), scale(y, bottom, top)]
  const middle = (left + right) / 2
  const ticks = [
    ...x.ticks.flatMap(([value, label]) => [
      `<path d="M${number(toX(value))} ${top}V${bottom}" stroke="#e6e6e6"/>`,
      text(toX(value), bottom + 16, label, ' text-anchor="middle"'),
    ]),
    ...y.ticks.flatMap(([value, label]) => [
      `<path d="M${left} ${number(toY(value))}H${right}" stroke="#e6e6e6"/>`,
      text(left - 6, toY(value) + 4, label, ' text-anchor="end"'),
    ]),
  ]
  const drawn = lines.flatMap(({ points, stroke, dots }) => {
    const { colour, width = 1.5, dashes, opacity } = stroke
    const path = points.map(([a, b], i) => `${i === 0 ? "M" : "L"}${number(toX(a))} ${number(toY(b))}`).join("")
    const more = `${dashes === undefined ? "" : ` stroke-dasharray="${dashes}"`}${opacity === undefined ? "" : ` opacity="${opacity}"`}`
    return [
      `<path d="${path}" fill="none" stroke="${colour}" stroke-width="${width}" stroke-linejoin="round"${more}/>`,
      ...(dots === true
        ? points.map(([a, b]) => `<circle cx="${number(toX(a))}" cy="${number(toY(b))}" r="2.4" fill="${colour}"/>`)
        : []),
    ]
  })
  return [
    ...ticks,
    `<rect x="${left}" y="${top}" width="${right - left}" height="${bottom - top}" fill="none" stroke="#999999"/>`,
    ...drawn,
    ...texts.map(({ at: [a, b], text: content, colour, end }) =>
      text(toX(a), toY(b), content, ` fill="${colour}"${end === true ? ' text-anchor="end"' : ""}`),
    ),
    text(middle, 22, title, ' text-anchor="middle" font-size="13" font-weight="bold"'),
    text(middle, panelHeight - 12, x.label, ' text-anchor="middle"'),
    `<text transform="translate(14 ${number((top + bottom) / 2)}) rotate(-90)" text-anchor="middle">${escaped(y.label)}</text>`,
  ].join("\n")
}

/** A picture of panels in rows of two, on white. */
export const drawPanels = (panels: ReadonlyArray<Panel>): string => {
  const width = 2 * panelWidth
  const height = Math.ceil(panels.length / 2) * panelHeight
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="Helvetica, Arial, sans-serif" font-size="11" fill="${ink}">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...panels.map((panel, i) => {
      const [x, y] = [(i % 2) * panelWidth, Math.floor(i / 2) * panelHeight]
      return `<g transform="translate(${x} ${y})">\n${drawPanel(panel)}\n</g>`
    }),
    "</svg>\n",
  ].join("\n")
}
