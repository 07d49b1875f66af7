"""Makes resize.json and images.json with Pillow (13.0.0), ImageMagick and cjpeg; run it in this folder."""
import base64, io, json, subprocess
import numpy as np
from PIL import Image, ImageOps

rng = np.random.default_rng(0)
b64 = lambda data: base64.b64encode(data).decode()
rgb = lambda image: {"width": image.width, "height": image.height, "rgb": b64(image.convert("RGB").tobytes())}


def save(image, **options):
    out = io.BytesIO()
    image.save(out, **options)
    return out.getvalue()


noise = Image.fromarray(rng.integers(0, 256, (9, 13, 3), dtype=np.uint8))
sizes = [(13, 9), (26, 18), (5, 4), (13, 20), (7, 9), (1, 1), (30, 3), (6, 20)]
filters = {"lanczos": Image.LANCZOS, "catmull-rom": Image.BICUBIC}
cases = [{"filter": name, **rgb(noise.resize(size, kind))} for name, kind in filters.items() for size in sizes]
json.dump({"input": rgb(noise), "cases": cases}, open("resize.json", "w"), indent=1)

smooth = Image.fromarray(np.stack([np.add.outer(np.arange(10) * 9, np.arange(14) * a) + 20 for a in (4, 8, 11)], -1).astype(np.uint8))
grey = smooth.convert("L")
alpha = smooth.copy()
alpha.putalpha(grey)
palette = smooth.quantize(13)
pngs = {
    "rgb": (smooth, {}),
    "rgba": (alpha, {}),
    "grey": (grey, {}),
    "grey with alpha": (alpha.convert("LA"), {}),
    "1 bit": (grey.point(lambda v: 255 * (v > 90)).convert("1"), {}),
    "palette of 8 bits": (palette, {"bits": 8}),
    "palette of 4 bits": (palette, {"bits": 4}),
    "palette with transparency": (palette, {"transparency": 3}),
}
over_black = lambda image: Image.alpha_composite(Image.new("RGBA", image.size, (0, 0, 0, 255)), image.convert("RGBA"))
opened = lambda file: Image.open(io.BytesIO(file))
run = lambda image, *command: subprocess.run(command, input=save(image, format="PPM" if command[0] == "cjpeg" else "PNG"), check=True, capture_output=True).stdout
images = []


def add(name, file, image=None):
    images.append({"name": name, "file": b64(file), **rgb(image or opened(file))})


for name, (image, options) in pngs.items():
    file = save(image, format="PNG", **options)
    add(f"PNG {name}", file, over_black(opened(file)))
# Pillow writes no interlaced PNG.
interlaced = {
    "rgb of 8 bits": (smooth, 2, 8, []),
    "rgb of 16 bits": (smooth, 2, 16, []),
    "rgba of 16 bits": (alpha, 6, 16, []),
    "grey of 1 bit": (grey, 0, 1, ["-threshold", "40%"]),
    "grey of 2 bits": (grey, 0, 2, ["-posterize", "4"]),
    "grey of 4 bits": (grey, 0, 4, ["-posterize", "16"]),
    "palette of 2 bits": (smooth, 3, 2, ["-colors", "4"]),
    "palette of 8 bits": (smooth, 3, 8, ["-colors", "90"]),
}
for name, (image, colour_type, depth, options) in interlaced.items():
    form = ["-define", f"png:color-type={colour_type}", "-define", f"png:bit-depth={depth}"]
    file = run(image, "convert", "-", *options, "-interlace", "PNG", *form, "-strip", "png:-")
    add(f"PNG interlaced, {name}", file, over_black(opened(file)))
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = save(smooth, format="JPEG", quality=95, subsampling=0, exif=exif)
    add(f"JPEG turned {orientation}", file, ImageOps.exif_transpose(opened(file)))
for form in ("PNG", "WEBP"):
    file = save(smooth, format=form, exif=exif, **({"lossless": True} if form == "WEBP" else {}))
    add(f"{form} turned 8", file, ImageOps.exif_transpose(opened(file)))
jpegs = {
    "grey": save(grey, format="JPEG", quality=95),
    "progressive": save(smooth, format="JPEG", quality=95, subsampling=0, progressive=True),
    "of four inks": save(smooth.convert("CMYK"), format="JPEG", quality=95),
    "of red, green and blue": run(smooth, "cjpeg", "-rgb"),
    "with fewer rows of colour": run(smooth, "cjpeg", "-sample", "1x2"),
    "with restarts": run(smooth, "cjpeg", "-restart", "1B", "-progressive"),
}
for name, file in jpegs.items():
    add(f"JPEG {name}", file)
for name in ("progressive", "of four inks"):
    add(f"JPEG {name}, without an end", jpegs[name][:-2], opened(jpegs[name]))
json.dump(images, open("images.json", "w"), indent=1)
open("images.json", "a").write("\n")
