"""Makes resize.json and images.json with Pillow (13.0.0); run it in this folder."""
import base64, io, json
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
images = [{"name": f"PNG {name}", "file": b64(save(im, format="PNG", **opts)), **rgb(im)} for name, (im, opts) in pngs.items()]
for orientation in range(1, 9):
    exif = Image.Exif()
    exif[0x0112] = orientation
    file = save(smooth, format="JPEG", quality=95, subsampling=0, exif=exif)
    images.append({"name": f"JPEG turned {orientation}", "file": b64(file), **rgb(ImageOps.exif_transpose(Image.open(io.BytesIO(file))))})
file = save(grey, format="JPEG", quality=95)
images.append({"name": "JPEG grey", "file": b64(file), **rgb(Image.open(io.BytesIO(file)))})
file = save(smooth, format="JPEG", quality=95, subsampling=0, progressive=True)
images.append({"name": "JPEG progressive", "file": b64(file), **rgb(Image.open(io.BytesIO(file)))})
json.dump(images, open("images.json", "w"), indent=1)
