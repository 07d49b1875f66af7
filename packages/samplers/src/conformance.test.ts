import { testGuidance, testInversion, testSampler } from "@auteur/core/testing"
import { describe, expect, it } from "vitest"
import { configs } from "../test/configs.ts"
import { guidances } from "./guidance/guidances.ts"
import { inversions } from "./inversion.ts"
import { samplerFromConfig, samplerNamed, samplerNames } from "./scheduler-config/scheduler-config.ts"

describe.each(Object.keys(configs))("the sampler of the config %s", (name) => {
  const { sampler } = samplerFromConfig(configs[name])
  it.each(testSampler(sampler))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})

// Each sampler on a model of the other process, too.
describe.each(samplerNames.flatMap((name) => ["ddim", "flow-euler"].map((model) => ({ name, model }))))(
  "the sampler $name on a model of $model",
  ({ name, model }) => {
    const { sampler } = samplerNamed(name, configs[model])
    it.each(testSampler(sampler))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
  },
)

describe.each(Object.values(guidances))("the guidance $name", (guidance) => {
  it.each(testGuidance(guidance))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})

describe.each(Object.values(inversions))("the inversion $name", (inversion) => {
  it.each(testInversion(inversion))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})
