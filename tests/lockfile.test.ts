import { readFileSync } from "node:fs"
import { join } from "node:path"
import { expect, it } from "vitest"

interface LockedPackage {
  readonly resolved?: string
  readonly optionalDependencies?: Readonly<Record<string, string>>
  readonly hasInstallScript?: boolean
}

const lockfile = JSON.parse(readFileSync(join(import.meta.dirname, "../package-lock.json"), "utf8")) as {
  readonly packages: Readonly<Record<string, LockedPackage>>
}

// npm leaves out the optional packages that it could not reach, and then `npm ci` refuses the lockfile everywhere.
it("the lockfile lists the optional packages of all platforms", () => {
  const missing = Object.entries(lockfile.packages).flatMap(([path, { optionalDependencies = {} }]) =>
    Object.keys(optionalDependencies).filter(
      (name) =>
        !Object.hasOwn(lockfile.packages, `${path}/node_modules/${name}`) &&
        !Object.hasOwn(lockfile.packages, `node_modules/${name}`),
    ),
  )
  expect(missing).toEqual([])
})

it("the lockfile names no registry, so that everybody's own is used", () => {
  const resolved = Object.values(lockfile.packages).flatMap((locked) => locked.resolved ?? [])
  expect(resolved.filter((address) => address.includes("://"))).toEqual([])
})

it("of all that is installed, only ONNX Runtime has an install script", () => {
  const scripted = Object.entries(lockfile.packages).filter(([, locked]) => locked.hasInstallScript)
  expect(scripted.map(([path]) => path)).toEqual(["node_modules/onnxruntime-node"])
})
