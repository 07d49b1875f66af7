"""Small animations with the parts that few programs write, and their frames as Pillow 13 shows them, over black."""

import base64, io, json
from PIL import Image, ImageDraw

W, H = 20, 14


def patch(i, alpha):
    im = Image.new("RGBA", (W, H), (30, 90, 200, 255) if i == 0 else (0, 0, 0, 0))
    draw = ImageDraw.Draw(im)
    draw.rectangle([2 + 3 * i, 3, 8 + 3 * i, 9], fill=(220 - 40 * i, 40 * i, 60, alpha))
    return im


def entry(name, **options):
    out = io.BytesIO()
    frames[0].save(out, save_all=True, append_images=frames[1:], **options)
    durations, shown = [], []
    with Image.open(io.BytesIO(out.getvalue())) as im:
        for i in range(im.n_frames):
            im.seek(i)
            rgba = im.convert("RGBA")
            black = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
            shown.append(base64.b64encode(Image.alpha_composite(black, rgba).convert("RGB").tobytes()).decode())
    return {"name": name, "file": base64.b64encode(out.getvalue()).decode(), "width": W, "height": H, "frames": shown}


frames = [patch(i, 255) for i in range(4)]
cases = [
    entry(f"GIF, disposals {d}", format="GIF", duration=[50, 50, 50, 50], disposal=d, loop=0)
    for d in ([0, 0, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2], [1, 3, 3, 3], [1, 2, 3, 1])
]
cases.append(entry("GIF, interlaced", format="GIF", duration=50, interlace=1))
frames = [patch(i, 255 if i == 0 else 140) for i in range(4)]
cases.append(entry("WebP with parts, lossless", format="WEBP", duration=50, lossless=True))
cases.append(entry("WebP with alpha, lossy", format="WEBP", duration=50, quality=80))
frames = frames[:1]
cases.append(entry("WebP, still", format="WEBP", lossless=True))
with open("animations.json", "w") as f:
    json.dump(cases, f, indent=1)
    f.write("\n")
