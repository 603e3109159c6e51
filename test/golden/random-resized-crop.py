# Quantiles of torchvision's RandomResizedCrop.get_params for an image of 120 x 90, for test/data/crops.test.ts.
# Run: python test/golden/random-resized-crop.py > test/golden/random-resized-crop.json
import json
import sys

import torch
from torchvision.transforms import RandomResizedCrop

WIDTH, HEIGHT, DRAWS = 120, 90, 40_000
torch.manual_seed(0)
image = torch.zeros(1, HEIGHT, WIDTH)
cases = []
for scale, ratio in [((0.08, 1.0), (3 / 4, 4 / 3)), ((0.5, 1.0), (0.9, 1.1)), ((0.9, 1.0), (3.0, 4.0))]:
    boxes = torch.tensor([RandomResizedCrop.get_params(image, scale, ratio) for _ in range(DRAWS)]).double()
    top, left, height, width = boxes.T
    level = torch.tensor([0.05, 0.25, 0.5, 0.75, 0.95], dtype=torch.float64)
    parts = {"left": left, "top": top, "width": width, "height": height}
    quantiles = {name: torch.quantile(value, level).tolist() for name, value in parts.items()}
    means = {name: value.mean().item() for name, value in parts.items()}
    cases.append({"scale": scale, "ratio": ratio, "quantiles": quantiles, "means": means})
json.dump({"widthPx": WIDTH, "heightPx": HEIGHT, "levels": level.tolist(), "cases": cases}, sys.stdout)
