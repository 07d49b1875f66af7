"""`python make.py` with diffusers 0.42.1 and torch 2.13.0 on the CPU writes `io.safetensors`."""
import os
import torch
from diffusers.guiders.adaptive_projected_guidance import MomentumBuffer, normalized_guidance
from diffusers.guiders.guider_utils import rescale_noise_cfg
from safetensors.torch import save_file

torch.manual_seed(0)
scale, steps, size = 6.0, 4, (1, 2, 4, 3, 2)
tensors = {}

# Three levels each: diffusion (alpha² + sigma² = 1) and rectified flow (alpha + sigma = 1); pure noise among them.
for process, levels in {"diffusion": [(0., 1.), (.6, .8), (.96, .28)], "flow": [(0., 1.), (.5, .5), (.9, .1)]}.items():
    for i, (alpha, sigma) in enumerate(levels):
        x, cond, uncond = torch.randn(size), torch.randn(size) * 1.5 + .2, torch.randn(size)
        guided = uncond + scale * (cond - uncond)
        case = dict(level=torch.tensor([alpha, sigma]), x=x, cond=cond, uncond=uncond, rescaled=rescale_noise_cfg(guided, cond, .7))
        tensors |= {f"{process}.{i}.{name}": value for name, value in case.items()}

# A run of some steps on the clean estimates, as the paper has it: conditional + (scale - 1)·Δ.
for name, (eta, threshold, momentum) in {"paper": (0., .5, -.5), "kept": (.3, 0., .4), "plain": (1., 0., 0.)}.items():
    buffer = MomentumBuffer(momentum)
    r = threshold * torch.zeros(size).numel() ** .5
    tensors[f"{name}.options"] = torch.tensor([eta, threshold, momentum])
    for i in range(steps):
        cond, uncond = torch.randn(size) + .5, torch.randn(size)
        tensors |= {f"{name}.{i}.cond": cond, f"{name}.{i}.uncond": uncond,
                    f"{name}.{i}.guided": normalized_guidance(cond, uncond, scale - 1, buffer, eta, r, True)}

save_file({k: v.contiguous() for k, v in tensors.items()}, os.path.join(os.path.dirname(os.path.abspath(__file__)), "io.safetensors"))
