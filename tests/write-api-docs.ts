// `npm run api` writes docs/api.md.
import { writeFileSync } from "node:fs"
import { apiPage } from "./api-docs.ts"

writeFileSync(new URL("../docs/api.md", import.meta.url), apiPage())
