"""Names and shapes of torchvision's MobileNetV3 parameters, for test/model/mobilenet-v3.test.ts.
Run: python test/golden/model-parameters.py   (torchvision 0.20 or later)"""
import json
import pathlib

import torchvision
from torchvision.models.mobilenetv3 import MobileNetV3, _mobilenet_v3_conf

lists = {}
for size in ("large", "small"):
    for width in (0.5, 0.75, 1.0, 1.25):
        blocks, last_channel = _mobilenet_v3_conf(f"mobilenet_v3_{size}", width_mult=width)
        state = MobileNetV3(blocks, last_channel, num_classes=1000).state_dict()
        lists[f"{size} {width}"] = [
            [name, *tensor.shape] for name, tensor in state.items() if not name.endswith("num_batches_tracked")
        ]
out = {"torchvision": torchvision.__version__, "lists": lists}
text = json.dumps(out, separators=(",", ":")).replace('],["', '],\n["')
pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")
