import { readFileSync } from "node:fs"

const folder = new URL("golden/tokenizer/", import.meta.url)

/** The bytes of a reference file. */
export const golden = (name: string): Uint8Array => new Uint8Array(readFileSync(new URL(name, folder)))

/** The parsed JSON of a reference file. */
export const goldenJson = (name: string): unknown => JSON.parse(readFileSync(new URL(name, folder), "utf8"))
