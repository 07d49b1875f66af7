import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"
import { gzipSync } from "node:zlib"
import { rolldown } from "rolldown"
import { expect, it } from "vitest"

const core = join(import.meta.dirname, "../../packages/core/src/index.ts")

// Somewhat more than it is. What makes it larger should be worth it to everybody.
const mostBytes = 22_500

it("core is small, and needs nothing but effect", async () => {
  const built = await rolldown({ input: core, external: /^[^./]/, logLevel: "silent" })
  const { output } = await built.generate({ minify: true })
  await built.close()
  expect(output).toHaveLength(1)
  expect(output[0].imports.filter((specifier) => !specifier.startsWith("effect/"))).toEqual([])
  const bytes = gzipSync(output[0].code).length
  expect(bytes).toBeLessThan(mostBytes)
  expect(bytes).toBeGreaterThan(mostBytes / 2)
})

it("importing core loads no module of Node", async () => {
  const script = `
    import { registerHooks } from "node:module"
    const loaded = []
    registerHooks({
      resolve: (specifier, context, next) => {
        const resolved = next(specifier, context)
        if (resolved.url.startsWith("node:")) loaded.push(resolved.url)
        return resolved
      },
    })
    await import(${JSON.stringify(core)})
    console.log(JSON.stringify(loaded))`
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "--eval", script])
  expect(JSON.parse(stdout)).toEqual([])
})
