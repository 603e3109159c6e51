# Distributions of what torchvision v2's augmentations draw, as quantiles, for test/data/augment-draws.test.ts.
# Run: python test/golden/augment-draws.py > test/golden/augment-draws.json
import json
import sys

import torch
from torchvision.transforms import v2

SIZE, DRAWS = 96, 20_000
torch.manual_seed(0)
image = torch.zeros(3, SIZE, SIZE)
LEVELS = torch.tensor([0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98], dtype=torch.float64)


def quantiles(values):
    return torch.quantile(torch.tensor(values, dtype=torch.float64), LEVELS).tolist()


def draws(transform):
    return [transform.make_params([image]) for _ in range(DRAWS)]


jitter = draws(v2.ColorJitter(brightness=0.4, contrast=(0.2, 0.9), saturation=1, hue=0.1))
erasing = [p for p in draws(v2.RandomErasing(p=1, scale=(0.02, 0.33), ratio=(0.3, 3.3))) if p["v"] is not None]
values = {
    **{f"jitter {name}": [p[f"{name}_factor"] for p in jitter] for name in ("brightness", "contrast", "saturation", "hue")},
    "rotation degrees": [p["angle"] for p in draws(v2.RandomRotation(30))],
    "blur sigma": [p["sigma"][0] for p in draws(v2.GaussianBlur(5, sigma=(0.1, 2.0)))],
    "erasing left": [p["j"] for p in erasing],
    "erasing top": [p["i"] for p in erasing],
    "erasing width": [p["w"] for p in erasing],
    "erasing height": [p["h"] for p in erasing],
    "erasing area": [p["w"] * p["h"] for p in erasing],
    "erasing ratio": [p["h"] / p["w"] for p in erasing],
}
for alpha in (0.2, 1.0, 4.0):
    values[f"mixup share {alpha:g}"] = [p["lam"] for p in draws(v2.MixUp(alpha=alpha, num_classes=2))]
    boxes = draws(v2.CutMix(alpha=alpha, num_classes=2))
    values[f"cutmix share {alpha:g}"] = [p["lam_adjusted"] for p in boxes]
    values[f"cutmix left {alpha:g}"] = [p["box"][0] for p in boxes]
    values[f"cutmix height {alpha:g}"] = [p["box"][3] - p["box"][1] for p in boxes]
order = torch.stack([p["fn_idx"] for p in jitter])  # at each place: brightness, contrast, saturation, hue
places = [[(order[:, place] == kind).double().mean().item() for kind in range(4)] for place in range(4)]
json.dump(
    {
        "sizePx": SIZE,
        "draws": DRAWS,
        "levels": LEVELS.tolist(),
        "quantiles": {name: quantiles(drawn) for name, drawn in values.items()},
        "jitterPlaces": places,
    },
    sys.stdout,
)
