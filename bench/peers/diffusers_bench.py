"""One side of a comparison: does the job in the JSON file that is its argument (job.ts) with diffusers on PyTorch, prints its timings."""
import json
import sys
import time
from contextlib import nullcontext
from types import SimpleNamespace

import numpy
import torch
from diffusers import AutoencoderKLCogVideoX, CogVideoXPipeline, CogVideoXTransformer3DModel
from diffusers.utils import logging
from safetensors import safe_open
from safetensors.torch import load_file, save_file

logging.disable_progress_bar()
with open(sys.argv[1], encoding="utf8") as file:
    job = json.load(file)
torch.set_num_threads(job["threads"])
dtype = torch.bfloat16 if job["mode"] == "bfloat16" else torch.float32


def pipeline():
    pipe = CogVideoXPipeline.from_pretrained(job["model"], torch_dtype=dtype)
    pipe.set_progress_bar_config(disable=True)
    return pipe


def generate():
    pipe = pipeline()

    def run(i):
        frames = pipe(
            job["prompts"][i % len(job["prompts"])],
            num_inference_steps=job["steps"],
            guidance_scale=job["guidance"],
            max_sequence_length=pipe.transformer.config.max_text_seq_length,
            generator=torch.Generator().manual_seed(job["seed"]),
            output_type="np",
        ).frames
        frames = (frames * 255).round().astype("uint8")
        numpy.save(job["video"] + ".npy", frames)
        return torch.from_numpy(frames)

    return run


def text():
    pipe = pipeline()
    length = pipe.transformer.config.max_text_seq_length

    def run(i):
        prompt = job["prompts"][i % len(job["prompts"])]
        embeddings, _ = pipe.encode_prompt(prompt, do_classifier_free_guidance=False, max_sequence_length=length)
        return embeddings

    return run


def transformer():
    model = CogVideoXTransformer3DModel.from_pretrained(job["folder"], torch_dtype=dtype).eval()
    inputs = load_file(job["inputs"])
    latents, texts = inputs["hidden_states"].to(dtype), inputs["encoder_hidden_states"].to(dtype)
    rotary = None
    if model.config.use_rotary_positional_embeddings:
        # The pipeline makes it once for all steps.
        owner = SimpleNamespace(vae_scale_factor_spatial=8, transformer=model)
        _, frames, _, height, width = latents.shape
        rotary = CogVideoXPipeline._prepare_rotary_positional_embeddings(
            owner, height * 8, width * 8, frames, torch.device("cpu")
        )

    def run(_):
        return model(latents, texts, inputs["timestep"], image_rotary_emb=rotary, return_dict=False)[0]

    return run


def decode():
    # Without the encoder, and one tensor at a time: `from_pretrained` would take more memory than decoding.
    with torch.device("meta"):
        vae = AutoencoderKLCogVideoX.from_config(AutoencoderKLCogVideoX.load_config(job["folder"])).eval()
    vae.encoder = None
    with safe_open(job["folder"] + "/diffusion_pytorch_model.safetensors", framework="pt") as file:
        weights = {name: file.get_tensor(name).to(dtype) for name in vae.state_dict()}
    vae.load_state_dict(weights, assign=True)
    del weights
    latents = load_file(job["inputs"])["latents"].to(dtype).permute(0, 2, 1, 3, 4) / vae.config.scaling_factor

    def run(_):
        return vae.decode(latents).sample

    return run


def repeat(run):
    def timed(i):
        start = time.perf_counter()
        with torch.autocast("cpu", torch.bfloat16) if job["mode"] == "autocast" else nullcontext():
            output = run(i)
        return output, time.perf_counter() - start

    output, first = timed(0)
    if job["output"]:
        output = output if output.dtype == torch.uint8 else output.float()
        save_file({"output": output.contiguous()}, job["output"])
    del output
    seconds = []
    more = True
    while more:
        seconds.append(timed(len(seconds) + 1)[1])
        total = sum(seconds)
        more = total < job["seconds"] or (len(seconds) < job["atLeast"] and total < job["atMostSeconds"])
    return {"first": first, "seconds": seconds}


with torch.inference_mode():
    make = {"generate": generate, "text": text, "transformer": transformer, "decode": decode}[job["kind"]]
    print(json.dumps(repeat(make())))
