# torchvision v2's functional ops on one small image, for test/data/pixel-ops.test.ts.
# Run: python test/golden/pixel-ops.py > test/golden/pixel-ops.json
import json
import math
import sys

import torch
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

SIZE = 16
torch.manual_seed(0)
coarse = torch.randint(0, 256, (1, 3, 5, 5)).float()
image = torch.nn.functional.interpolate(coarse, size=SIZE, mode="bilinear").round().to(torch.uint8)[0]


def flat(x):  # [3, H, W] to the bytes of [H, W, 3]
    return x.permute(1, 2, 0).flatten().tolist()


def gaussian(kernel, sigma):
    weights = [math.exp(-((i - kernel // 2) ** 2) / (2 * sigma**2)) for i in range(kernel)]
    return [w / sum(weights) for w in weights]


def turn(degrees):
    a = math.radians(degrees)
    return {"kind": "rotate", "cos": math.cos(a), "sin": math.sin(a)}


BILINEAR = InterpolationMode.BILINEAR
cases = [
    ({"kind": "flipHorizontal"}, F.horizontal_flip(image)),
    ({"kind": "flipVertical"}, F.vertical_flip(image)),
    ({"kind": "quarterTurns", "turns": 1}, torch.rot90(image, 1, (1, 2))),
    ({"kind": "quarterTurns", "turns": 3}, torch.rot90(image, 3, (1, 2))),
    (turn(30), F.rotate(image, 30, BILINEAR)),
    (turn(-100), F.rotate(image, -100, BILINEAR)),
    ({"kind": "brightness", "factor": 1.3}, F.adjust_brightness(image, 1.3)),
    ({"kind": "contrast", "factor": 0.6}, F.adjust_contrast(image, 0.6)),
    ({"kind": "contrast", "factor": 1.7}, F.adjust_contrast(image, 1.7)),
    ({"kind": "saturation", "factor": 1.5}, F.adjust_saturation(image, 1.5)),
    ({"kind": "saturation", "factor": 0.0}, F.adjust_saturation(image, 0.0)),
    ({"kind": "hue", "shift": 0.2}, F.adjust_hue(image, 0.2)),
    ({"kind": "hue", "shift": -0.45}, F.adjust_hue(image, -0.45)),
    ({"kind": "blur", "weights": gaussian(5, 1.3)}, F.gaussian_blur(image, [5, 5], [1.3, 1.3])),
    (
        {"kind": "erase", "left": 2 / SIZE, "top": 5 / SIZE, "width": 7 / SIZE, "height": 4 / SIZE},
        F.erase(image, 5, 2, 4, 7, torch.zeros(3, 1, 1, dtype=torch.uint8)),
    ),
]
json.dump({"sizePx": SIZE, "image": flat(image), "cases": [{"op": op, "expected": flat(x)} for op, x in cases]}, sys.stdout)
