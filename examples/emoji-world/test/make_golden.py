"""Writes what the Python generator draws: `SPRITES=… python make_golden.py WORLD_FOLDER`."""
import gzip, json, random, sys
from pathlib import Path
import numpy as np
sys.path.insert(0, sys.argv[1])
from world import MOTIONS, SCENES, SUBJECTS, caption, draw_factors, render

here = Path(__file__).parent
rng = random.Random(1234)
clips, pictures = [], []
for i in range(20):
    f = draw_factors(rng)
    f["subject"], f["motion"], f["scene"] = list(SUBJECTS)[i], list(MOTIONS)[i % 10], list(SCENES)[i % 6]
    video, masks = render(f, want_mask=True)
    clips.append(dict(factors=f, caption=caption(f, rng)))
    pictures.append(np.concatenate([video[::8].reshape(-1), masks[::8].reshape(-1)]))
numbers = random.Random(2**40 + 7)
(here / "golden.json").write_text(json.dumps(dict(
    random=[numbers.random(), numbers.uniform(-2, 3), numbers.randrange(1 << 30), numbers.choice(list(range(7))), numbers.random()],
    drawn=[draw_factors(rng) for _ in range(5)], clips=clips)))
(here / "golden.bin.gz").write_bytes(gzip.compress(np.concatenate(pictures).tobytes(), 9, mtime=0))
