import { testGuidance, testInversion, testSampler } from "@auteur/core/testing"
import { describe, expect, it } from "vitest"
import { configs } from "../test/configs.ts"
import { classifierFree } from "./classifier-free.ts"
import { dynamicGuidance } from "./dynamic-guidance.ts"
import { inversions } from "./inversion.ts"
import { samplerFromConfig } from "./scheduler-config.ts"

describe.each(Object.keys(configs))("the sampler %s", (name) => {
  const { sampler } = samplerFromConfig(configs[name])
  it.each(testSampler(sampler))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})

describe.each([classifierFree, dynamicGuidance])("the guidance $name", (guidance) => {
  it.each(testGuidance(guidance))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})

describe.each(Object.values(inversions))("the inversion $name", (inversion) => {
  it.each(testInversion(inversion))("$name", ({ run }) => expect(run()).resolves.toBeUndefined())
})
