import { layer } from "@auteur/engine/node"
import * as Effect from "effect/Effect"
import { runFolder } from "./run-folder.ts"

const [folder, ...more] = process.argv.slice(2)
if (folder === undefined || more.length > 0) {
  console.error("Give one folder of reference values: npm run parity -- FOLDER")
  process.exitCode = 2
} else {
  // With one thread numbers are added up in the same order on every machine.
  process.exitCode = await Effect.runPromise(runFolder(folder, console.log).pipe(Effect.provide(layer({ threads: 1 }))))
}
