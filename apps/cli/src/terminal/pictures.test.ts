import { describe, expect, it } from "vitest"
import { Tensor } from "auteur"
import { encodePng } from "auteur/effect"
import { toOutput } from "./output.ts"
import { drawPicture, pictureProtocol } from "./pictures.ts"

const terminal = toOutput({ isTTY: true, columns: 80, write: () => true }, {})
/** Pixels of no pattern, which do not get smaller by packing. */
const image = (width: number, height: number) => {
  let last = 1
  return Tensor.from(
    "batch frames height width channels",
    [1, 1, height, width, 3],
    new Uint8Array(width * height * 3).map(() => (last = (last * 48_271) % 2_147_483_647)),
    "uint8",
  )
}
const escape = "\u001b"

describe("the pictures of a terminal", () => {
  it.each([
    ["kitty", { TERM: "xterm-kitty" }],
    ["kitty", { TERM_PROGRAM: "ghostty" }],
    ["iterm", { TERM_PROGRAM: "iTerm.app", COLORTERM: "truecolor" }],
    ["iterm", { TERM_PROGRAM: "WezTerm" }],
    ["blocks", { TERM: "xterm-256color", COLORTERM: "truecolor" }],
    ["blocks", { TERM_PROGRAM: "iTerm.app", TMUX: "/tmp/tmux", COLORTERM: "24bit" }],
    [undefined, { TERM: "xterm-256color" }],
  ] as const)("%s for %j", (protocol, env) => {
    expect(pictureProtocol(env, terminal)).toBe(protocol)
  })

  it("are none where the output goes to a file", () => {
    expect(pictureProtocol({ TERM: "xterm-kitty" }, toOutput({ write: () => true }, {}))).toBeUndefined()
  })

  it("are none in a terminal that draws nothing", () => {
    const env = { TERM: "dumb", COLORTERM: "truecolor" }
    expect(pictureProtocol(env, toOutput({ isTTY: true, write: () => true }, env))).toBeUndefined()
  })

  it("are PNG in chunks of at most 4096 characters for kitty", () => {
    const text = drawPicture(image(64, 64), "kitty", terminal)
    const chunks = text.split(`${escape}\\`).slice(0, -1)
    const parts = chunks.map((chunk) => /_G(.*?);(.*)$/s.exec(chunk)!)
    expect(parts.length).toBeGreaterThan(1)
    expect(parts[0]![1]).toMatch(/^a=T,f=100,.*m=1$/)
    expect(parts.at(-1)![1]).toBe("m=0")
    expect(parts.every(([, , data]) => data!.length <= 4096)).toBe(true)
    const png = Buffer.from(parts.map(([, , data]) => data).join(""), "base64")
    expect(png.equals(Buffer.from(encodePng({ width: 64, height: 64, data: image(64, 64).values() }).bytes))).toBe(true)
  })

  it("are one PNG with its length for iTerm2", () => {
    const [, size, data] = /\]1337;File=inline=1;size=(\d+);width=\d+:([^:]*)$/.exec(
      drawPicture(image(8, 8), "iterm", terminal).replace("\u0007", ""),
    )!
    expect(Buffer.from(data!, "base64").length).toBe(Number(size))
  })

  it("are half blocks of two pixels each where the terminal only knows colours", () => {
    const tiny = image(2, 2)
    const [a, b, c, d] = [0, 1, 2, 3].map((i) => [...tiny.values().subarray(i * 3, i * 3 + 3)].join(";"))
    expect(drawPicture(tiny, "blocks", terminal)).toBe(
      `${escape}[38;2;${a};48;2;${c}m▀${escape}[38;2;${b};48;2;${d}m▀${escape}[0m`,
    )
    const narrow = drawPicture(image(64, 32), "blocks", toOutput({ isTTY: true, columns: 21, write: () => true }, {}))
    expect(narrow.split("\n").map((line) => line.split("▀").length - 1)).toEqual([20, 20, 20, 20, 20])
  })
})
