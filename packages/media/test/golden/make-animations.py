"""Small animations with the parts that few programs write, and their frames as Pillow 13 (of animated PNG: ffmpeg 5.1) shows them, over black.

Where a GIF's frame clears its place, Pillow may put the file's background colour there; browsers never do, and are followed."""

import base64, io, json, subprocess, tempfile
from PIL import Image, ImageDraw

W, H = 20, 14


def patch(i, alpha):
    im = Image.new("RGBA", (W, H), (30, 90, 200, 255) if i == 0 else (0, 0, 0, 0))
    draw = ImageDraw.Draw(im)
    draw.rectangle([2 + 3 * i, 3, 8 + 3 * i, 9], fill=(220 - 40 * i, 40 * i, 60, alpha))
    return im


def over_black(rgba):
    black = Image.new("RGBA", rgba.size, (0, 0, 0, 255))
    return base64.b64encode(Image.alpha_composite(black, rgba).convert("RGB").tobytes()).decode()


def entry(name, clears=False, **options):
    out = io.BytesIO()
    frames[0].save(out, save_all=True, append_images=frames[1:], **options)
    durations, shown = [], []
    with Image.open(io.BytesIO(out.getvalue())) as im:
        for i in range(im.n_frames):
            im.seek(i)
            shown.append(over_black(frames[i] if clears else im.convert("RGBA")))
    return {"name": name, "file": base64.b64encode(out.getvalue()).decode(), "width": W, "height": H, "frames": shown}


def shown_frames(file):
    """As ffmpeg plays it: Pillow blends half transparent pictures in a way of its own."""
    with tempfile.NamedTemporaryFile(suffix=".png") as stored:
        stored.write(file)
        stored.flush()
        raw = subprocess.run(["ffmpeg", "-v", "error", "-i", stored.name, "-f", "rawvideo", "-pix_fmt", "rgba", "-"], check=True, capture_output=True).stdout
    size = W * H * 4
    return [over_black(Image.frombytes("RGBA", (W, H), raw[at : at + size])) for at in range(0, len(raw), size)]


def made(name, file):
    return {"name": name, "file": base64.b64encode(file).decode(), "width": W, "height": H, "frames": shown_frames(file)}


def apng(name, pictures, **options):
    out = io.BytesIO()
    pictures[0].save(out, format="PNG", save_all=True, append_images=pictures[1:], duration=50, **options)
    return made(name, out.getvalue())


def by_ffmpeg(name, pixels, pictures):
    raw = b"".join(picture.tobytes() for picture in pictures)
    command = ["ffmpeg", "-v", "error", "-f", "rawvideo", "-pix_fmt", "rgba", "-s", f"{W}x{H}", "-r", "20", "-i", "-"]
    palette = ["-filter_complex", "split[a][b];[a]palettegen[p];[b][p]paletteuse"] if pixels == "pal8" else []
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        subprocess.run([*command, *palette, "-pix_fmt", pixels, "-f", "apng", "-y", file.name], input=raw, check=True)
        return made(name, file.read())


frames = [patch(i, 255) for i in range(4)]
cases = [
    entry(f"GIF, disposals {d}", format="GIF", duration=[50, 50, 50, 50], disposal=d, loop=0, clears=d == [2, 2, 2, 2])
    for d in ([0, 0, 0, 0], [1, 1, 1, 1], [2, 2, 2, 2], [1, 3, 3, 3], [1, 2, 3, 1])
]
cases.append(entry("GIF, interlaced", format="GIF", duration=50, interlace=1))
frames = [patch(i, 255 if i == 0 else 140) for i in range(4)]
cases.append(entry("WebP with parts, lossless", format="WEBP", duration=50, lossless=True))
cases.append(entry("WebP with alpha, lossy", format="WEBP", duration=50, quality=80))
cases += [
    apng(f"APNG, disposals {d}, blends {b}", frames, disposal=d, blend=b)
    for d, b in [([0, 0, 0, 0], [0, 1, 1, 1]), ([1, 1, 1, 1], [0, 1, 1, 1]), ([0, 2, 2, 2], [0, 1, 1, 1]), ([0, 1, 2, 0], [0, 0, 1, 0])]
]
cases.append(apng("APNG, its still picture not part of it", [patch(9, 255), *frames], default_image=True))
cases.append(apng("APNG, palette", [frame.convert("RGB").quantize(8) for frame in frames]))
cases.append(by_ffmpeg("APNG of ffmpeg, 16 bits", "rgba64be", frames))
cases.append(by_ffmpeg("APNG of ffmpeg, palette with transparency", "pal8", frames))
frames = frames[:1]
cases.append(entry("WebP, still", format="WEBP", lossless=True))
with open("animations.json", "w") as f:
    json.dump(cases, f, indent=1)
    f.write("\n")
