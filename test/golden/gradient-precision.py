"""Gradients of torchvision's MobileNetV3-Large in float64, and how far PyTorch's own float32 is from them; for
test/long/gradient-precision.test.ts, which passes weights and images of the moment and compares the portable engine's.
Run: python gradient-precision.py FOLDER, which holds job.json {sizePx, batch, classes, names}, weights.f32 (names in order),
images.u8 [B, H, W, 3], targets.f32 [B, K]. Writes gradients.f64 (in order of names), prints {"error": ..., "norm": ...}."""
import json
import pathlib
import sys

import numpy
import torch
import torchvision

folder = pathlib.Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())
batch, size, classes = job["batch"], job["sizePx"], job["classes"]
images = torch.from_numpy(numpy.fromfile(folder / "images.u8", numpy.uint8).reshape(batch, size, size, 3))
targets = torch.from_numpy(numpy.fromfile(folder / "targets.f32", numpy.float32).reshape(batch, classes))
weights = numpy.fromfile(folder / "weights.f32", numpy.float32)


def gradients(dtype):
    model = torchvision.models.mobilenet_v3_large(num_classes=classes, dropout=0).train()
    state, at = model.state_dict(), 0
    for name in job["names"]:
        count = state[name].numel()
        state[name] = torch.from_numpy(weights[at : at + count].reshape(state[name].shape))
        at += count
    model.load_state_dict(state)
    model = model.to(dtype).to(memory_format=torch.channels_last)
    mean = torch.tensor([0.485, 0.456, 0.406], dtype=dtype).view(1, 3, 1, 1)
    std = torch.tensor([0.229, 0.224, 0.225], dtype=dtype).view(1, 3, 1, 1)
    x = (images.permute(0, 3, 1, 2).to(dtype) / 255 - mean) / std
    loss = torch.nn.functional.cross_entropy(model(x), targets.to(dtype))
    loss.backward()
    found = dict(model.named_parameters())
    return torch.cat([found[name].grad.double().flatten() for name in job["names"] if name in found])


exact, single = gradients(torch.float64), gradients(torch.float32)
exact.numpy().tofile(folder / "gradients.f64")
print(json.dumps({"error": (single - exact).norm().item(), "norm": exact.norm().item()}))
