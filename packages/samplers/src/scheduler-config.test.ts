import { ModelError } from "@auteur/core"
import { describe, expect, it } from "vitest"
import { configs } from "../test/configs.ts"
import { samplerFromConfig, samplerNamed, samplerNames, trainingProcess } from "./scheduler-config.ts"

const thrown = (action: () => unknown): unknown => {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}

const refusal = (config: unknown): string => {
  const error = thrown(() => samplerFromConfig(config))
  expect(error).toBeInstanceOf(ModelError)
  return (error as ModelError).message
}

describe("a scheduler config", () => {
  it.each(Object.entries(configs))("%s gives the sampler of its class", (name, config) => {
    const { sampler, process, prediction } = samplerFromConfig(config)
    expect(sampler.name).toBe(name.split(",")[0])
    expect(sampler.process).toEqual(process)
    expect({ process, prediction }).toEqual(trainingProcess(config))
  })

  it("says what its network predicts", () => {
    expect(trainingProcess(configs["ddim"]).prediction).toBe("v_prediction")
    expect(trainingProcess(configs["unipc"])).toEqual({ process: { kind: "rectified-flow" }, prediction: "flow" })
    expect(trainingProcess({ _class_name: "DDPMScheduler" }).prediction).toBe("epsilon")
  })

  it("may leave out every field: CogVideoX's classes shift the SNR by 3 then", () => {
    const { process } = trainingProcess({ _class_name: "CogVideoXDDIMScheduler", rescale_betas_zero_snr: true })
    expect(process).toEqual(trainingProcess(configs["ddim"]).process)
  })

  it("of an unknown class is refused with the known ones", () => {
    expect(refusal({ _class_name: "PNDMScheduler" })).toMatch(
      /"PNDMScheduler", which is not one of the known classes: CogVideoXDDIMScheduler, .*UniPCMultistepScheduler\.$/,
    )
    expect(refusal({})).toContain('"_class_name" is not set')
    expect(refusal({ _class_name: "toString" })).toContain("not one of the known classes")
    expect(refusal([])).toContain("must be a JSON object")
  })

  it.each([
    ["ddim", { thresholding: true }, '"thresholding" is true (expected false)'],
    ["ddim", { beta_schedule: "sigmoid" }, '"beta_schedule" is "sigmoid" (expected "linear" | "scaled_linear" |'],
    ["ddim", { num_train_timesteps: 0 }, '"num_train_timesteps" is 0 (expected a value greater than or equal to 1)'],
    [
      "ddim",
      { num_train_timesteps: 1e12 },
      '"num_train_timesteps" is 1000000000000 (expected a value less than or equal',
    ],
    ["ddpm", { num_train_timesteps: 1e12 }, "to 100000)"],
    ["flow-euler", { num_train_timesteps: 1e12 }, "to 100000)"],
    ["flow-heun", { num_train_timesteps: 1e12 }, "to 100000)"],
    ["unipc", { num_train_timesteps: 1e12 }, "to 100000)"],
    ["ddim", { new_field: 3 }, '"new_field" is 3 (an unknown field)'],
    ["ddim", { trained_betas: [0.1, 0.2] }, "has 2 trained_betas for 1000 num_train_timesteps"],
    ["ddpm", { variance_type: "learned_range" }, '"variance_type" is "learned_range"'],
    ["ddpm", { snr_shift_scale: 3 }, '"snr_shift_scale" is 3 (an unknown field)'],
    ["flow-euler", { use_dynamic_shifting: true }, '"use_dynamic_shifting" is true (expected false)'],
    ["flow-euler", { use_karras_sigmas: true }, '"use_karras_sigmas" is true (expected false)'],
    ["flow-euler", { invert_sigmas: true }, '"invert_sigmas" is true (expected false)'],
    ["flow-heun", { shift: -1 }, '"shift" is -1 (expected a value greater than 0)'],
    ["unipc", { use_flow_sigmas: false }, '"use_flow_sigmas" is false (expected true)'],
    ["unipc", { solver_order: 3 }, '"solver_order" is 3 (expected 1 | 2)'],
    ["unipc", { solver_type: "bh1" }, '"solver_type" is "bh1" (expected "bh2")'],
    ["unipc", { disable_corrector: [0.5] }, '"disable_corrector.0" is 0.5 (expected an integer)'],
  ])("%s with %j is refused by name", (name, change, expected) => {
    expect(refusal({ ...configs[name], ...change })).toContain(expected)
  })

  it("names every fault at once and the file to change", () => {
    const message = refusal({ ...configs["ddim"], thresholding: true, timestep_spacing: "even" })
    expect(message).toContain("CogVideoXDDIMScheduler")
    expect(message).toContain('"thresholding"')
    expect(message).toContain('"timestep_spacing" is "even"')
    expect(message).toContain("scheduler_config.json")
  })
})

describe("a sampler by name", () => {
  it("runs on any config of its process, with the process of that config", () => {
    for (const name of ["ddim", "dpm", "ddpm"] as const) {
      const { sampler, process } = samplerNamed(name, configs["ddim"])
      expect(sampler.name).toBe(name)
      expect(process).toEqual(trainingProcess(configs["ddim"]).process)
      expect(sampler.schedule(50).levels[0]!.timestep).toBe(999)
    }
    for (const name of ["flow-euler", "flow-heun", "unipc"] as const) {
      for (const config of ["flow-euler", "flow-heun", "unipc"]) {
        const { sampler } = samplerNamed(name, configs[config])
        expect(sampler.name).toBe(name)
        expect(sampler.schedule(5).levels).toEqual(samplerNamed(name, configs["flow-euler"]).sampler.schedule(5).levels)
      }
    }
  })

  it("that does not exist is refused with the names that do", () => {
    expect(() => samplerNamed("euler", configs["ddim"])).toThrow(
      `There is no sampler "euler"; choose one of ${samplerNames.join(", ")}.`,
    )
  })
})
