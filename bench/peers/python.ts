import { spawnSync } from "node:child_process"
import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { BenchError } from "../bench-error.ts"

const requirements = fileURLToPath(new URL("requirements.txt", import.meta.url))

const listVersions = `
import importlib.metadata, json
print(json.dumps({d.metadata["Name"]: d.version for d in importlib.metadata.distributions() if d.metadata["Name"]}))
`

/** The pinned packages of an interpreter; a {@link BenchError} names one that is missing or of another version. */
export const checkPython = (python: string): Readonly<Record<string, string>> => {
  const { status, stdout, error, stderr } = spawnSync(python, ["-c", listVersions], { encoding: "utf8" })
  if (error !== undefined || status !== 0) {
    const why = error?.message ?? stderr.trimEnd().split("\n").at(-1)
    throw new BenchError(
      `The Python interpreter ${python} cannot be run (${why}): give one by --python or AUTEUR_BENCH_PYTHON.`,
    )
  }
  const found = JSON.parse(stdout) as Record<string, string>
  const wrong = [...pinned()].flatMap(([name, version]) => {
    const has = found[name]?.split("+")[0] // without the build, such as +cpu
    return has === version ? [] : [`${name} ${version} (${has ?? "none"} is there)`]
  })
  if (wrong.length > 0) {
    throw new BenchError(
      `The Python interpreter ${python} lacks ${wrong.join(", ")}: run \`${python} -m pip install -r bench/peers/requirements.txt\`, or give another interpreter by --python or AUTEUR_BENCH_PYTHON.`,
    )
  }
  return Object.fromEntries([...pinned().keys()].map((name) => [name, found[name]!]))
}

const pinned = (): ReadonlyMap<string, string> =>
  new Map(
    readFileSync(requirements, "utf8")
      .split("\n")
      .filter((line) => line.includes("=="))
      .map((line) => line.split("==") as [string, string]),
  )
