import { ModelError } from "@auteur/core"
import { describe, expect, it } from "vitest"
import { configs } from "../../test/configs.ts"
import { samplerFromConfig, samplerNamed, samplerNames, trainingProcess } from "./scheduler-config.ts"

const thrown = (action: () => unknown): unknown => {
  try {
    action()
  } catch (error) {
    return error
  }
  throw new Error("nothing was thrown")
}

const messageOf = (config: unknown): string => {
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
    expect(messageOf({ _class_name: "PNDMScheduler" })).toMatch(
      /"PNDMScheduler", which is not one of the known classes: CogVideoXDDIMScheduler, .*UniPCMultistepScheduler\.$/,
    )
    expect(messageOf({})).toContain('"_class_name" is not set')
    expect(messageOf({ _class_name: "toString" })).toContain("not one of the known classes")
    expect(messageOf([])).toContain("must be a JSON object")
  })

  it.each([
    ["ddim", { thresholding: true }, '"thresholding" is true, but false is needed'],
    ["ddim", { beta_schedule: "sigmoid" }, '"beta_schedule" is "sigmoid", but "linear" | "scaled_linear" |'],
    [
      "ddim",
      { num_train_timesteps: 0 },
      '"num_train_timesteps" is 0, but a value greater than or equal to 1 is needed',
    ],
    ["ddim", { num_train_timesteps: 1e12 }, '"num_train_timesteps" is 1000000000000, but a value less than or equal'],
    ["ddpm", { num_train_timesteps: 1e12 }, "to 100000 is needed"],
    ["flow-euler", { num_train_timesteps: 1e12 }, "to 100000 is needed"],
    ["flow-heun", { num_train_timesteps: 1e12 }, "to 100000 is needed"],
    ["unipc", { num_train_timesteps: 1e12 }, "to 100000 is needed"],
    ["ddim", { new_field: 3 }, '"new_field" is 3, but there is no such field'],
    ["ddim", { trained_betas: [0.1, 0.2] }, "has 2 trained_betas for 1000 num_train_timesteps"],
    ["ddpm", { variance_type: "learned_range" }, '"variance_type" is "learned_range"'],
    ["flow-euler", { use_dynamic_shifting: true }, '"use_dynamic_shifting" is true, but false is needed'],
    ["flow-euler", { use_karras_sigmas: true }, '"use_karras_sigmas" is true, but false is needed'],
    ["flow-euler", { invert_sigmas: true }, '"invert_sigmas" is true, but false is needed'],
    ["flow-heun", { shift: -1 }, '"shift" is -1, but a value greater than 0 is needed'],
    ["unipc", { use_flow_sigmas: false }, '"use_flow_sigmas" is false, but true is needed'],
    ["unipc", { solver_order: 3 }, '"solver_order" is 3, but 1 | 2 is needed'],
    ["unipc", { solver_type: "bh1" }, '"solver_type" is "bh1", but "bh2" is needed'],
    ["unipc", { disable_corrector: [0.5] }, '"disable_corrector.0" is 0.5, but an integer is needed'],
  ])("%s with %j is refused by name", (name, change, expected) => {
    expect(messageOf({ ...configs[name], ...change })).toContain(expected)
  })

  it("names every fault at once and the file to change", () => {
    const message = messageOf({ ...configs["ddim"], thresholding: true, timestep_spacing: "even" })
    expect(message).toContain("CogVideoXDDIMScheduler")
    expect(message).toContain('"thresholding"')
    expect(message).toContain('"timestep_spacing" is "even"')
    expect(message).toContain("scheduler_config.json")
  })
})

describe("a field of another class", () => {
  const own = { _class_name: "DDIMScheduler", prediction_type: "v_prediction" }
  const saved = { ...own, snr_shift_scale: 1, use_karras_sigmas: false }

  it("is ignored with a notice, as in diffusers", () => {
    const { sampler, process, notices } = samplerFromConfig(saved)
    expect(notices).toEqual([
      'The scheduler config sets "snr_shift_scale" to 1, which its class DDIMScheduler does not read: it is ignored, as in diffusers.',
      'The scheduler config sets "use_karras_sigmas" to false, which its class DDIMScheduler does not read: it is ignored, as in diffusers.',
    ])
    expect(sampler.name).toBe("ddim")
    expect(process).toEqual(samplerFromConfig(own).process)
    expect(samplerFromConfig(own).notices).toEqual([])
  })

  it("is noticed whatever the sampler", () => {
    for (const name of samplerNames) expect(samplerNamed(name, saved).notices).toHaveLength(2)
  })

  it("does not excuse one that no class has", () => {
    expect(messageOf({ ...saved, later_field: true })).toContain('"later_field" is true, but there is no such field')
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
