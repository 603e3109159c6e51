# Writes resample.json: crops and resizes of small images by torchvision (v2, bilinear, antialias=True, uint8).
# python test/golden/resample.py
import json, pathlib
import torch
from torchvision.transforms.v2 import functional as F

torch.manual_seed(0)
cases = []
for h, w, box, out, flip in [
    (13, 17, (0, 0, 17, 13), (8, 8), False),
    (13, 17, (3, 2, 9, 10), (8, 8), True),
    (40, 31, (5, 7, 20, 31), (9, 9), False),
    (9, 9, (1, 1, 5, 4), (16, 16), False),
    (24, 36, (0, 0, 36, 24), (18, 12), False),
    (21, 20, (0, 0, 20, 21), (7, 30), True),
]:
    image = torch.randint(0, 256, (3, h, w), dtype=torch.uint8)
    left, top, width, height = box
    resized = F.resized_crop(image, top, left, height, width, [out[1], out[0]], antialias=True)
    if flip:
        resized = F.horizontal_flip(resized)
    rows = lambda t: t.permute(1, 2, 0).flatten().tolist()
    cases.append(dict(widthPx=w, heightPx=h, pixels=rows(image), box=box, outWidthPx=out[0], outHeightPx=out[1], flip=flip, expected=rows(resized)))
pathlib.Path(__file__).with_name("resample.json").write_text(json.dumps(cases) + "\n")
