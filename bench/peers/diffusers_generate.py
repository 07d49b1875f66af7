"""The least that a person writes to make a video with diffusers: folder prompt seed steps guidance threads output."""
import sys

import numpy
import torch
from diffusers import CogVideoXPipeline
from diffusers.utils import logging

folder, prompt, seed, steps, guidance, threads, output = sys.argv[1:]
logging.disable_progress_bar()
torch.set_num_threads(int(threads))
pipe = CogVideoXPipeline.from_pretrained(folder)
pipe.set_progress_bar_config(disable=True)
frames = pipe(
    prompt,
    num_inference_steps=int(steps),
    guidance_scale=float(guidance),
    max_sequence_length=pipe.transformer.config.max_text_seq_length,
    generator=torch.Generator().manual_seed(int(seed)),
    output_type="np",
).frames
# Plain bytes: no encoder is faster.
numpy.save(output, (frames * 255).round().astype("uint8"))
