import type { ViteUserConfig } from "vitest/config"

// Every workspace runs with this file; relative paths start at the workspace.
const config: ViteUserConfig = {
  test: {
    include: ["**/*.test.ts"],
    exclude: ["**/node_modules/**", "**/dist/**"],
    passWithNoTests: true,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    // One worker thread runs many files without loading again what they share: several times faster on few cores.
    pool: "threads",
    isolate: false,
    // `.ci/run` sums the totals of these reports.
    reporters: ["default", "json"],
    outputFile: { json: ".turbo/vitest.json" },
  },
}

export default config
