# torchvision v2 on structured images made by a formula: crops, pixel changes and mixes, for test/data/torchvision-pixels.test.ts.
# Of each result every STRIDE-th byte is kept. Run: python test/golden/pixel-ops.py > test/golden/pixel-ops.json
import base64
import json
import math
import os
import sys

import torch
from torchvision.transforms import InterpolationMode, v2
from torchvision.transforms.v2 import functional as F

WIDTH, HEIGHT, SIZE, MIX_SIZE = 320, 256, 256, 48
STRIDE = int(os.environ.get("STRIDE", 101))


def formula(width, height, shift=0):  # formulaImage of test/data/fixtures.ts
    y = torch.arange(height).view(1, -1, 1)
    x = torch.arange(width).view(1, 1, -1) + shift
    c = torch.arange(3).view(-1, 1, 1)
    slope = ((3 * x + 2 * y + 40 * c) % 510 - 255).abs() * 3 // 4
    edges = (x // 16 + y // 32) % 2 * 60
    grain = (131 * x + 197 * y + 71 * c + 13 * (x * y % 251)) % 41 - 20
    return (slope + edges + grain).clamp(0, 255).to(torch.uint8)


def kept(x):  # [..., 3, H, W] to bytes of [..., H, W, 3]
    return base64.b64encode(bytes(x.movedim(-3, -1).flatten().tolist()[::STRIDE])).decode()


def gaussian(kernel, sigma):
    weights = [math.exp(-((i - kernel // 2) ** 2) / (2 * sigma**2)) for i in range(kernel)]
    return [w / sum(weights) for w in weights]


def turn(degrees):
    a = math.radians(degrees)
    return {"kind": "rotate", "cos": math.cos(a), "sin": math.sin(a)}


def crop(box, size, flip):
    left, top, width, height = box
    out = F.resized_crop(wide, top, left, height, width, [size, size], antialias=True)
    box = {"left": left, "top": top, "width": width, "height": height, "flip": flip}
    return {"box": box, "sizePx": size, "expected": kept(F.horizontal_flip(out) if flip else out)}


def centre(fraction, size):
    side = round(min(WIDTH, HEIGHT) * fraction)
    out = F.resize(F.center_crop(wide, [side, side]), [size, size], antialias=True)
    return {"fraction": fraction, "sizePx": size, "expected": kept(out)}


wide = formula(WIDTH, HEIGHT)
image = formula(SIZE, SIZE)
black = torch.zeros(3, 1, 1, dtype=torch.uint8)
BILINEAR = InterpolationMode.BILINEAR

crops = [
    crop((0, 0, WIDTH, HEIGHT), 224, False),
    crop((0, 0, WIDTH, HEIGHT), 96, True),
    crop((32, 0, 256, 256), 256, True),
    crop((13, 7, 201, 180), 224, True),
    crop((140, 90, 57, 81), 96, False),
    crop((250, 200, 31, 23), 224, False),
]
centres = [centre(0.875, 224), centre(0.875, 96), centre(0.7, 128), centre(1.0, 96)]
cases = [
    ({"kind": "flipHorizontal"}, F.horizontal_flip(image)),
    ({"kind": "flipVertical"}, F.vertical_flip(image)),
    *[({"kind": "quarterTurns", "turns": k}, torch.rot90(image, k, (1, 2))) for k in (1, 2, 3)],
    *[(turn(a), F.rotate(image, a, BILINEAR)) for a in (-170, -100, -7.3, 0.4, 30, 45, 90, 123.4)],
    *[({"kind": "brightness", "factor": f}, F.adjust_brightness(image, f)) for f in (0.0, 0.6, 1.0, 1.3)],
    *[({"kind": "contrast", "factor": f}, F.adjust_contrast(image, f)) for f in (0.0, 0.6, 1.7)],
    *[({"kind": "saturation", "factor": f}, F.adjust_saturation(image, f)) for f in (0.0, 0.5, 1.5)],
    *[({"kind": "hue", "shift": s}, F.adjust_hue(image, s)) for s in (-0.45, -0.02, 0.2, 0.5)],
    *[
        ({"kind": "blur", "weights": gaussian(k, s)}, F.gaussian_blur(image, [k, k], [s, s]))
        for k, s in [(3, 0.1), (5, 1.3), (23, 5.0)]
    ],
    *[
        (
            {"kind": "erase", "left": x / SIZE, "top": y / SIZE, "width": w / SIZE, "height": h / SIZE},
            F.erase(image, y, x, h, w, black),
        )
        for x, y, w, h in [(20, 57, 70, 45), (0, 0, 1, 255), (200, 100, 56, 156)]
    ],
]

# MixUp and CutMix roll the batch by one themselves; here with a share and a box that are given
labels = torch.tensor([0, 2, 1, 2, 0])
batch = torch.stack([formula(MIX_SIZE, MIX_SIZE, 37 * i) for i in range(len(labels))]).float()
mixes = []
for share in (0.0, 0.3, 0.81):
    params = {"labels": labels, "batch_size": len(labels), "lam": share}
    mixes.append(({"kind": "mixup", "share": share}, v2.MixUp(num_classes=3), params))
for left, top, right, bottom in [(5, 9, 31, 35), (0, 30, 12, 48)]:
    share = 1 - (right - left) * (bottom - top) / MIX_SIZE**2
    params = {"labels": labels, "batch_size": len(labels), "box": (left, top, right, bottom), "lam_adjusted": share}
    mix = {"kind": "cutmix", "share": share, "left": left, "top": top, "width": right - left, "height": bottom - top}
    mixes.append((mix, v2.CutMix(num_classes=3), params))

json.dump(
    {
        "stride": STRIDE,
        "widthPx": WIDTH,
        "heightPx": HEIGHT,
        "crops": crops,
        "centres": centres,
        "sizePx": SIZE,
        "cases": [{"op": op, "expected": kept(x)} for op, x in cases],
        "mixSizePx": MIX_SIZE,
        "labels": labels.tolist(),
        "mixes": [
            {
                "mix": mix,
                "expected": kept(transform.transform(batch, params).round().to(torch.uint8)),
                "rows": transform.transform(labels, params).flatten().tolist(),
            }
            for mix, transform, params in mixes
        ],
    },
    sys.stdout,
)
