import { expect, it } from "vitest"
import { fillMarkedPlace } from "./marked-place.ts"

const document = "a\n<!-- bench:begin -->\nold\n<!-- bench:end -->\nb\n"

it("replaces what is between the marks, and nothing else", () => {
  const filled = fillMarkedPlace(document, "new", "README.md")
  expect(filled).toBe("a\n<!-- bench:begin -->\n\nnew\n\n<!-- bench:end -->\nb\n")
  expect(fillMarkedPlace(filled, "new", "README.md")).toBe(filled)
})

it.each(["no marks", "<!-- bench:begin --> only", "<!-- bench:end --><!-- bench:begin -->", document + document])(
  "names the document that has no single place: %j",
  (text) => {
    expect(() => fillMarkedPlace(text, "new", "README.md")).toThrow(/README\.md has no single place/)
  },
)
