"""Settings that the other folders leave out: `python more.py` with diffusers 0.42.1 and torch 2.13.0 on the CPU writes `more-*`."""
import json, os
import torch
from diffusers import *
from safetensors.torch import save_file

cog = dict(beta_start=.00085, beta_end=.012, beta_schedule="scaled_linear", prediction_type="v_prediction",
           rescale_betas_zero_snr=True, timestep_spacing="trailing", clip_sample=False, set_alpha_to_one=True)
flow = dict(prediction_type="flow_prediction", use_flow_sigmas=True)
cases = {
    "ddim-clip-leading-offset": (DDIMScheduler(clip_sample=True, clip_sample_range=.8, steps_offset=1, set_alpha_to_one=False), [4, 7], 0),
    "ddim-v-linspace": (DDIMScheduler(**{**cog, "timestep_spacing": "linspace"}), [1, 6], 0),
    "ddim-cogvideox-sample": (CogVideoXDDIMScheduler(beta_schedule="squaredcos_cap_v2", prediction_type="sample", clip_sample=True), [5], 0),
    "ddim-cogvideox-linear": (CogVideoXDDIMScheduler(beta_schedule="linear", prediction_type="v_prediction", rescale_betas_zero_snr=True, timestep_spacing="trailing", set_alpha_to_one=False), [7], 0),
    "ddim-cogvideox-begin": (CogVideoXDDIMScheduler(**cog), [10], 4),
    "ddpm-fixed-large-clip": (DDPMScheduler(beta_schedule="squaredcos_cap_v2", variance_type="fixed_large", clip_sample=True), [5, 100], 0),
    "ddpm-log-trained-betas": (DDPMScheduler(num_train_timesteps=20, trained_betas=[.01 * (i + 1) for i in range(20)], variance_type="fixed_small_log", clip_sample=False, timestep_spacing="linspace"), [4, 20], 0),
    "ddpm-v-many": (DDPMScheduler(**{k: v for k, v in cog.items() if k != "set_alpha_to_one"}), [250], 0),
    "dpm-cogvideox-begin": (CogVideoXDPMScheduler(**cog), [10], 3),
    "dpm-cogvideox-uneven": (CogVideoXDPMScheduler(**{**cog, "set_alpha_to_one": False, "timestep_spacing": "linspace"}), [6, 7], 0),
    "flow-euler-stochastic-terminal": (FlowMatchEulerDiscreteScheduler(shift=3.0, shift_terminal=.1, stochastic_sampling=True), [5], 0),
    "flow-euler-500": (FlowMatchEulerDiscreteScheduler(num_train_timesteps=500, shift=5.0), [6], 0),
    "flow-heun-1-and-5": (FlowMatchHeunDiscreteScheduler(shift=3.0), [1, 5], 0),
    "flow-heun-begin": (FlowMatchHeunDiscreteScheduler(shift=3.0), [5], 2),
    "unipc-begin": (UniPCMultistepScheduler(**flow, flow_shift=5.0), [6], 2),
    "unipc-order-1": (UniPCMultistepScheduler(**flow, solver_order=1), [1, 5], 0),
    "unipc-uncorrected-terminal": (UniPCMultistepScheduler(**flow, flow_shift=3.0, disable_corrector=[0, 2], shift_terminal=.05), [6], 0),
    "unipc-many": (UniPCMultistepScheduler(**flow, flow_shift=3.0), [50, 200], 0),
}


def randn(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


for name, (scheduler, step_counts, begin) in cases.items():
    ins, outs = {}, {}
    for steps in step_counts:
        scheduler.set_timesteps(steps)
        x = randn(steps, 2, 4, 3)
        ins[f"sample.{steps}"] = x
        outs[f"timesteps.{steps}"] = scheduler.timesteps.float()
        if "flow" in name or "unipc" in name:
            outs[f"sigmas.{steps}"] = scheduler.sigmas.float()
        if begin and hasattr(scheduler, "set_begin_index"):
            scheduler.set_begin_index(begin)
        generator, old = torch.Generator().manual_seed(1000 + steps), None
        timesteps = scheduler.timesteps[begin:]
        for i, t in enumerate(timesteps):
            eps = torch.tanh(x * 1.3 + float(t) / 1000) - .4 * x
            if name.startswith("dpm"):
                x, old = scheduler.step(eps, old, t, timesteps[i - 1] if i > 0 else None, x, generator=generator, return_dict=False)
            elif name.startswith("ddpm"):
                x = scheduler.step(eps, t, x, generator=generator).prev_sample
            elif "stochastic" in name:
                x = scheduler.step(eps, t, x, generator=generator, return_dict=False)[0]
            else:
                x = scheduler.step(eps, t, x, return_dict=False)[0]
            if steps <= 10:
                outs[f"sample.{steps}.{i + begin}"] = x.clone()
        outs[f"final.{steps}"] = x
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), f"more-{name}")
    os.makedirs(folder, exist_ok=True)
    tensors = {**{f"in.{k}": v for k, v in ins.items()}, **{f"out.{k}": v for k, v in outs.items()}}
    save_file({k: v.contiguous().clone() for k, v in tensors.items()}, f"{folder}/io.safetensors")
    config = {k: v for k, v in dict(scheduler.config).items() if not k.startswith("_")}
    case = {"class": type(scheduler).__name__, "config": config, "model": "tanh(1.3*x + t/1000) - 0.4*x", "generator_seed": "0+1000+N"}
    json.dump({**case, "begin": begin} if begin else case, open(f"{folder}/case.json", "w"), indent=1)
    print(name, {k: float(v.abs().max()) for k, v in outs.items() if k.startswith("final")})
